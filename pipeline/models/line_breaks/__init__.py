"""Where lines ended in a text whose line breaks became blanks: a small network over its words in order.

A field of a table often holds a page as one line, white space made single. A headline, a menu and an offer then run
into the prose around them, and nothing that is known of lines tells them apart. So the breaks are read back: each word
by what it looks like and what it means (the labeller's vectors), in view of 31 words on either side (strided layers,
after WaveNet, van den Oord and others, 2016). `CARD.md` says how the network is trained and how well it does.
"""

import re
import string
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.models.labeller import load_network
from pipeline.models.onnx import shipped
from pipeline.text.width import narrow

__all__ = ["STRIDES", "Tokens", "break_chances", "break_chances_at_heads", "read_tokens"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
STRIDES = (1, 2, 4, 8, 16)  # words before and behind that a layer looks at
_AT_ONCE = 100_000  # characters that are read at a time; bounds memory
_LINES = 500  # heads of lines that are read at a time
# Words: what stands between blanks, cut where lines may have been put together without one ("HomeAbout us",
# "disease.2. Rest").
_GLUE = r"[a-z\d.!?…:;)\]%\"'”’®™]"
_TOKEN = re.compile(rf"\S(?:[^\sA-Z\d]+|(?<!{_GLUE})[A-Z]|(?<![a-z][.!?:;)])\d|\d(?!\d?[.)、]))*")
_BEGINNING = re.compile(rf"\s|(?<={_GLUE})[A-Z]|(?<=[a-z][.!?:;)])\d(?=\d?[.)、])")  # of a word, or a blank
_WORD = re.compile(r"[a-z0-9\x80-\U0010ffff]+")  # as `pipeline.text.words.tokens` parts them
_QUOTES = "\"'“”‘’"
_EDGES = f"{_QUOTES}()[]{{}}【】"
_NUMBER = re.compile(r"[(\[]?\d{1,2}[.):]")
_LONGEST = 20  # letters of a word that are told apart
_BETWEEN = "\n"  # words that are handled as one text; in none of them, as they hold no white space
_SHAPES = str.maketrans(
    dict.fromkeys(string.ascii_lowercase, "a") | dict.fromkeys(string.ascii_uppercase, "A")
    | dict.fromkeys(string.digits, "0")
)  # fmt: skip


class Tokens(NamedTuple):
    """The words of some texts. text: index of the text of each. start: its place there, code points. values: what each
    looks like, a row each. spelling: its number among the different ones. words: of each different one the known words
    that it is made of, by their places in the labeller's."""

    text: Ints
    start: Ints
    values: Floats
    spelling: Ints
    words: list[tuple[int, ...]]


def read_tokens(texts: Sequence[str], most: int | None = None) -> Tokens:
    """What the network reads of some texts; most: how many words of each, None for all."""
    of_each = [[*islice(_TOKEN.finditer(narrow(text)), most)] for text in texts]
    found = [*chain.from_iterable(of_each)]
    text = np.repeat(np.arange(len(texts)), [*map(len, of_each)])
    if not found:
        return Tokens(text, text, np.zeros((0, 0), np.float32), text, [])
    different, spelling = _numbered(match[0] for match in found)
    small = _BETWEEN.join(different).lower().split(_BETWEEN)
    shapes, shape = _numbered(_BETWEEN.join(different).translate(_SHAPES).split(_BETWEEN))
    looks = np.array([*map(_looks, shapes)], np.float32)[shape[spelling]]
    start, end = (np.fromiter(map(place, found), np.int64, len(found)) for place in (re.Match.start, re.Match.end))
    blanks = start - np.where(np.diff(text, prepend=-1) == 0, np.append(0, end[:-1]), 0)
    gaps = np.column_stack([blanks == 0, blanks > 1]).astype(np.float32)
    again = _again(text * len(small) + _numbered(small)[1][spelling])  # words of two texts are two words there
    return Tokens(text, start, np.hstack([looks, gaps, again]), spelling, _known(small))


def _numbered(words: Iterable[str]) -> tuple[list[str], Ints]:
    """The different ones of some words, and the number of each among these."""
    numbers: dict[str, int] = {}
    found = np.array([numbers.setdefault(word, len(numbers)) for word in words], np.int64)
    return [*numbers], found


@lru_cache(maxsize=10_000)
def _looks(word: str) -> tuple[float, ...]:
    """What a word looks like; letters and digits of ASCII are all the same one here (`_SHAPES`)."""
    bare = word.strip(_EDGES)
    ended = word.rstrip(f"{_QUOTES})]】")
    first, last, tail = bare[:1], word[-1], ended[-1:]
    return (
        first.isupper(), len(bare) > 1 and bare.isupper(), first.islower(), first.isdigit(), word.isdigit(),
        any(sign.isdigit() for sign in word), _NUMBER.fullmatch(word) is not None,
        tail == ".", tail in ("!", "?", "！"), tail in (",", ";"), tail == ":", ended.endswith(("...", "…")),
        last in f"{_QUOTES})]】", word[0] in f"{_QUOTES}([【", not any(sign.isalnum() for sign in word),
        any(sign in "|»›>•·" for sign in word), "/" in word, "_" in word, "." in bare[1:-1],
        any(sign in "©@#" for sign in word), any(sign in "$€£¥￥%" for sign in word), "-" in bare[1:-1],
        min(len(word), _LONGEST) / _LONGEST, not _WORD.search(word.lower()),
    )  # fmt: skip


def _known(words: Sequence[str]) -> list[tuple[int, ...]]:
    """The known words that each of some words, in small letters, is made of."""
    number = load_network().numbers
    return [
        (number[word],) if word in number else tuple(number[part] for part in _WORD.findall(word) if part in number)
        for word in words
    ]


def _again(word: Ints) -> Floats:
    """How often each word and the next one, and the one behind that, stand in the text again, up to three times."""
    size = int(word.max()) + 1
    pair = word * (size + 1) + np.append(word[1:], size)
    _, pair, twos = np.unique(pair, return_inverse=True, return_counts=True)
    three = pair * (size + 1) + np.append(word[2:], [size] * min(2, len(word)))
    _, three, threes = np.unique(three, return_inverse=True, return_counts=True)
    return np.asarray(np.minimum(np.column_stack([twos[pair], threes[three]]) - 1, 3) / 3, np.float32)


def break_chances(text: str) -> tuple[Ints, Floats]:
    """Where each word of a text begins, but the first one, and the probability that it began a line.

    text: a line without line feeds. Places are code points of it.
    """
    starts, chances = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
    for begin, end in _stretches(text):
        tokens = read_tokens([text[begin:end]])
        if len(tokens.start):
            starts.append(begin + tokens.start)
            chances.append(_chances(tokens.values[None], _meanings(tokens.words)[None, tokens.spelling])[0])
    return np.concatenate(starts)[1:], np.round(np.concatenate(chances)[1:], 4)


def break_chances_at_heads(texts: Sequence[str], words: int) -> Iterator[dict[int, float]]:
    """The same of the first so many words of each of some lines, by their places."""
    for begin in range(0, len(texts), _LINES):
        yield from _chances_at_heads(texts[begin : begin + _LINES], words)


def _chances_at_heads(texts: Sequence[str], words: int) -> list[dict[int, float]]:
    tokens = read_tokens(texts, words)
    meanings = _meanings(tokens.words)
    sizes = np.bincount(tokens.text, minlength=len(texts))
    firsts = np.cumsum(sizes) - sizes
    found: list[dict[int, float]] = [{} for _ in texts]
    for size in np.unique(sizes[sizes > 1]).tolist():
        some = np.flatnonzero(sizes == size)
        at = firsts[some, None] + np.arange(size)
        chances = np.round(_chances(tokens.values[at], meanings[tokens.spelling[at]])[:, 1:], 4)
        for i, places, row in zip(some.tolist(), tokens.start[at[:, 1:]].tolist(), chances.tolist(), strict=True):
            found[i] = dict(zip(places, row, strict=True))
    return found


def _chances(values: Floats, meanings: Floats) -> Floats:
    """The probability that each of some words began a line, a row of words per line."""
    [chance] = shipped("line_breaks/weights.onnx").run(None, {"features": values, "words": meanings})
    return np.asarray(chance[:, :, 1], np.float32)


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """What is read at a time of a line: some pages, up to where a word begins."""
    text, begin = narrow(text), 0
    while begin < len(text):
        found = _BEGINNING.search(text, begin + _AT_ONCE)
        end = found.start() if found else len(text)
        yield begin, end
        begin = end


def _meanings(words: Sequence[tuple[int, ...]]) -> Floats:
    """The vectors of some words of several parts each, added up as the labeller does."""
    vectors = load_network().vectors
    found = np.zeros((len(words), vectors.shape[1]), np.float32)
    sizes = np.fromiter(map(len, words), np.int64, len(words))
    some = np.flatnonzero(sizes)
    if len(some):
        of_parts = vectors[np.fromiter(chain.from_iterable(words), np.int64, sizes.sum())]
        sums = np.add.reduceat(of_parts, np.cumsum(sizes[some]) - sizes[some])
        found[some] = sums / np.sqrt(sizes[some, None].astype(np.float32))
    return found
