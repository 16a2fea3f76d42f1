"""How the words of a part relate to the words around it: repeats, overlap, shared topic."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Tokens", "distinct", "function_words", "packed", "tokens", "word_matrix"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@cache
def function_words() -> frozenset[str]:
    """Most words of a sentence, few of a keyword list or a headline."""
    return frozenset(resources.files("pipeline.text").joinpath("function_words.txt").read_text("utf-8").split())


_MARK = "\x01"  # parts the texts where they are handled as one
_HEAD = 12  # bytes of a part's joined words that count as its first words
_WINDOW = 8  # parts on each side that count as the same topic; TextTiling's blocks (Hearst 1997) are about as long


@dataclass(frozen=True)
class Tokens:
    """Lower-case runs of letters and digits.

    part, word: the part and the word id of each. vocabulary: the words by id. keys: each part's words, joined.
    """

    part: Ints
    word: Ints
    vocabulary: list[str]
    keys: list[bytes]


def packed(texts: Sequence[str]) -> bytes:
    """The texts in UTF-8, U+0001 behind each; one that stands in a text becomes a blank."""
    raw = _MARK.join([*texts, ""]).encode("utf-8", "surrogatepass")
    if raw.count(_MARK.encode()) != len(texts):
        return packed([text.replace(_MARK, " ") for text in texts])
    return raw


def tokens(packed: bytes) -> Tokens:
    """The words of some parts. Only ASCII letters are lowered and only ASCII marks part words: bytes are quick."""
    import pyarrow as pa

    raw = packed.translate(_plain())
    mark = _MARK.encode()
    codes = np.frombuffer(raw, np.uint8)
    inside = (codes != ord(" ")) & (codes != ord(_MARK))
    edges = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    starts, ends = edges[::2], edges[1::2]
    offsets = np.append(0, np.cumsum(ends - starts))
    letters = pa.py_buffer(raw.translate(None, b" " + mark))
    words = pa.Array.from_buffers(pa.large_binary(), len(starts), [None, pa.py_buffer(offsets), letters])
    encoded = words.dictionary_encode()
    before = np.searchsorted(starts, np.flatnonzero(codes == ord(_MARK)))  # words up to each part's end
    part = np.repeat(np.arange(len(before)), np.diff(before, prepend=0))
    names = [word.decode("utf-8", "replace") for word in encoded.dictionary.to_pylist()]
    keys = raw.translate(None, b" ").split(mark)[:-1]
    return Tokens(part, np.asarray(encoded.indices, np.int64), names, keys)


@cache
def _plain() -> bytes:
    """A byte table: ASCII capitals to small letters, other ASCII but letters, digits and U+0001 to blanks."""
    return bytes(c if c > 127 or c == 1 or chr(c).isalnum() else 32 for c in bytes(range(256)).lower())


def distinct(numbers: Ints) -> Ints:
    """The different ones of the numbers, in order: as `np.unique`, which is slower, for it hashes them first."""
    numbers = np.sort(numbers)
    return np.asarray(numbers[np.diff(numbers, prepend=numbers[:1] - 1) != 0], np.int64)


def word_matrix(words: Tokens, source: Ints, cuts: Ints) -> tuple[Floats, tuple[str, ...]]:
    """Columns about words, one row per part; only parts of the same source are compared."""
    n = len(source)
    known = function_words()
    function = np.array([w in known for w in words.vocabulary], bool)
    total = np.maximum(np.bincount(words.part, minlength=n), 1)
    content = ~function[words.word] if len(words.word) else np.zeros(0, bool)
    cells = distinct(words.word[content] * n + words.part[content])  # each content word of a part once, by word
    columns: dict[str, npt.NDArray[np.generic]] = {
        "function_words": np.bincount(words.part[~content], minlength=n) / total
    }
    columns |= _overlaps(cells // max(n, 1), cells % max(n, 1), source)
    columns |= _repeats(words.keys, source, cuts)
    return np.column_stack([np.asarray(c, np.float32) for c in columns.values()]), tuple(columns)


def _overlaps(word: Ints, part: Ints, source: Ints) -> dict[str, npt.NDArray[np.generic]]:
    """Words that a part shares with those near by; word, part: each word of each part once, in this order."""
    n = len(source)
    distinct = np.bincount(part, minlength=n).astype(np.float32)
    own = np.maximum(distinct, 1)
    pairs = []  # the part, and the distance to the other one, which is behind it, as one number
    below = above = np.zeros(n, np.int64)
    at = np.arange(len(part))
    for lag in range(1, 2 * _WINDOW + 1):  # the next part with the same word, the one after that, ...
        at = at[at + lag < len(part)]
        first, second = part[at], part[at + lag]
        near = (word[at] == word[at + lag]) & (second - first <= 2 * _WINDOW) & (source[first] == source[second])
        at, first, second = at[near], first[near], second[near]
        pairs.append(first * (2 * _WINDOW + 1) + second - first)
        if lag == 1:
            close = second - first <= _WINDOW
            below, above = np.bincount(first[close], minlength=n), np.bincount(second[close], minlength=n)
    shared = np.bincount(np.concatenate(pairs), minlength=n * (2 * _WINDOW + 1))
    table = shared.reshape(n, 2 * _WINDOW + 1)
    columns: dict[str, npt.NDArray[np.generic]] = {}
    for step in (-2, -1, 1, 2):
        both = (table[:, step] if step > 0 else _moved(table[:, -step], step)).astype(np.float32)
        columns[f"shared{step:+d}"] = both / own
        columns[f"covers{step:+d}"] = both / np.maximum(_moved(own, step) * _moved_in(source, step), 1)
    columns["in_below"] = below.astype(np.float32) / own
    columns["in_above"] = above.astype(np.float32) / own
    columns["topic_shift"] = _cosine(table, distinct.astype(np.int64), source)
    return columns


def _moved(values: npt.NDArray[Any], step: int) -> npt.NDArray[Any]:
    """For each part the value of the one `step` behind it; 0 beyond the ends."""
    moved = np.zeros_like(values)
    if abs(step) < len(values):
        moved[max(0, -step) : len(values) - max(0, step)] = values[max(0, step) : len(values) + min(0, step)]
    return moved


def _moved_in(source: Ints, step: int) -> npt.NDArray[np.bool_]:
    """Whether the part `step` behind lies in the same source."""
    return np.asarray(_moved(source + 1, step) == source + 1)


def _cosine(shared: Ints, own: Ints, source: Ints) -> npt.NDArray[np.float32]:
    """Cosine between the counts of words in the parts above and below each part, a window of each.

    The products are sums over pairs of parts; shared: words in common, by the first part and the distance.
    """
    within = np.cumsum(shared, axis=1)  # with all parts up to that distance
    dot, below, above = (np.zeros(len(own), np.int64) for _ in range(3))
    for step in range(1, _WINDOW + 1):
        dot += _moved(within[:, step + _WINDOW] - within[:, step], -step)
        below += _moved(own + 2 * within[:, _WINDOW - step], step) * _moved_in(source, step)
        above += _moved(own + 2 * within[:, step - 1], -step) * _moved_in(source, -step)
    norms = np.sqrt(below.astype(np.float32) * above.astype(np.float32))
    return np.asarray(dot.astype(np.float32) / np.maximum(norms, 1e-6))


def _repeats(keys: Sequence[bytes], source: Ints, cuts: Ints) -> dict[str, npt.NDArray[np.generic]]:
    """How often the same words stand in the source, before and in all; the same first words, of parts cut off."""
    import pyarrow as pa
    import pyarrow.compute as pc

    words = pa.array(keys, pa.large_binary())
    order, first, group = _grouped(words, source)
    count = np.bincount(group, minlength=len(first))
    place = np.arange(len(order)) - first[group]
    earlier, distance = np.zeros(len(order)), np.full(len(order), 99.0)
    earlier[order] = place
    distance[order[1:]] = np.where(place[1:] > 0, np.diff(order), 99)
    same = np.zeros(len(order), np.int64)
    same[order] = count[group]
    cut = np.flatnonzero(cuts)
    order, first, group = _grouped(pc.binary_slice(words.take(cut), 0, _HEAD), source[cut])
    same_head = np.zeros(len(source), np.int64)
    same_head[cut[order]] = np.bincount(group, minlength=len(first))[group]
    return {
        "same": np.minimum(same, 20),
        "same_before": np.minimum(earlier, 20),
        "same_distance": np.minimum(distance, 99),
        "same_head": np.minimum(same_head, 20),
    }


def _grouped(keys: "pa.Array", source: Ints) -> tuple[Ints, Ints, Ints]:
    """Places in order of source and key; where in that order each group begins; the group of each in that order."""
    encoded = keys.dictionary_encode()
    both = source * max(len(encoded.dictionary), 1) + np.asarray(encoded.indices, np.int64)
    order = np.argsort(both, kind="stable")
    new = np.diff(both[order], prepend=-1) != 0
    return order, np.flatnonzero(new), np.cumsum(new) - 1
