"""Replay an ftfy plan on a line whose characters carry their offsets.

Each step of a plan is turned into edits `(begin, end, new)`: the units `begin:end` of the line as the step found
it (characters, or bytes after an encoding step) give way to `new`. Offsets follow: a replacement of the same
length goes one to one, any other one starts where the replaced units started.
"""

import codecs
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import compress
from types import MappingProxyType

__all__ = ["compare", "move", "replay"]

Text = str | bytes
Edit = tuple[int, int, Text]
Plan = Iterable[tuple[str, str]]
_BEGINS = bytes(byte & 0xC0 != 0x80 for byte in range(256))  # whether a byte begins a character in UTF-8


def replay(text: str, plan: Plan) -> tuple[str, list[int]]:
    """`text` after `plan` (ftfy's explanation), and for each of its characters and its end the offset in `text`.

    Encoding is one character to one byte (ftfy only encodes to single-byte codecs), decoding some bytes to one
    character. A step this module does not know is left out: compare the outcome with ftfy's.
    """
    units: Text = text
    offsets = list(range(len(text) + 1))
    for action, name in plan:
        if action == "encode":
            units = str(units).encode(name)
            continue
        if action == "decode" and name == "utf-8" and isinstance(units, bytes):
            offsets = [*compress(offsets, units.translate(_BEGINS)), offsets[-1]]
            units = units.decode(name)
            continue
        decoding = action == "decode"
        edits = list(_decode(units, name) if decoding else _STEPS.get(name, _nothing)(units))
        offsets = move(offsets, edits)
        units = "".join(str(new) for _, _, new in edits) if decoding else _edited(units, edits)
    return str(units), offsets


def move(offsets: Sequence[int], edits: Iterable[Edit]) -> list[int]:
    """The offsets (one per unit, and the end) after `edits`.

    >>> move([0, 1, 2, 3], [(0, 2, "x")])
    [0, 2, 3]
    """
    moved: list[int] = []
    done = 0
    for begin, end, new in edits:
        moved += offsets[done:begin]
        moved += offsets[begin:end] if len(new) == end - begin else [offsets[begin]] * len(new)
        done = end
    moved += offsets[done:]
    first = bisect_right(moved, moved[0])  # what is left first: several units where they came from one
    return [offsets[0]] * first + moved[first:]  # a cut at the very start belongs to it


def compare(old: str, new: str) -> Iterator[Edit]:
    """Edits that turn `old` into `new`, by comparison: for a change whose rule is not known.

    >>> list(compare("abc", "abd"))
    [(2, 3, 'd')]
    """
    for tag, begin, end, new_begin, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            yield begin, end, new[new_begin:new_end]


def _edited(units: Text, edits: Sequence[Edit]) -> Text:
    parts: list[Text] = []
    done = 0
    for begin, end, new in edits:
        parts += [units[done:begin], new]
        done = end
    parts.append(units[done:])
    return type(units)().join(parts)  # type: ignore[arg-type]


def _nothing(units: Text) -> Iterator[Edit]:
    return iter(())


def _decode(units: Text, codec: str) -> Iterator[Edit]:
    """One edit per decoded character: the bytes it was made of."""
    decoder = codecs.getincrementaldecoder(codec)()
    data = bytes(units) if isinstance(units, bytes) else b""
    begin = 0
    for at in range(len(data)):
        new = decoder.decode(data[at : at + 1], final=at + 1 == len(data))
        if new:
            yield begin, at + 1, new
            begin = at + 1


def _unescape_html(text: str) -> Iterator[Edit]:
    from ftfy.chardata import HTML_ENTITY_RE
    from ftfy.fixes import unescape_html

    for match in HTML_ENTITY_RE.finditer(text):
        new = unescape_html(match.group())
        if new != match.group():
            yield *match.span(), new


def _restore_byte_a0(data: bytes) -> Iterator[Edit]:
    """Same-length changes but for the stand-alone à, where a byte is put in: ftfy's two substitutions in turn."""
    from ftfy.chardata import ALTERED_UTF8_RE
    from ftfy.fixes import A_GRAVE_WORD_RE

    inserted = [(*match.span(), b"\xc3\xa0 ") for match in A_GRAVE_WORD_RE.finditer(data)]
    parts: list[tuple[int, bytes]] = []
    done = 0
    for begin, end, new in inserted:
        parts += [(i, data[i : i + 1]) for i in range(done, begin)]
        parts += [(begin, new[:1]), (begin, new[1:2]), (begin + 1, new[2:])]
        done = end
    parts += [(i, data[i : i + 1]) for i in range(done, len(data))]
    whole = b"".join(byte for _, byte in parts)
    restored = ALTERED_UTF8_RE.sub(lambda m: m.group().replace(b" ", b"\xa0"), whole)
    yield from _regrouped([at for at, _ in parts], restored, len(data))


def _regrouped(places: Sequence[int], units: Text, end: int) -> Iterator[Edit]:
    """Edits from units that each know the place they came from."""
    begin = 0
    for i in range(1, len(places) + 1):
        place = places[i] if i < len(places) else end
        if place != places[begin]:
            yield places[begin], place, units[begin:i]
            begin = i


def _replace_lossy_sequences(data: bytes) -> Iterator[Edit]:
    from ftfy.chardata import LOSSY_UTF8_RE

    for match in LOSSY_UTF8_RE.finditer(data):
        yield *match.span(), "\ufffd".encode()


def _decode_inconsistent_utf8(text: str) -> Iterator[Edit]:
    from ftfy import fix_encoding_and_explain
    from ftfy.badness import is_bad
    from ftfy.chardata import UTF8_DETECTOR_RE

    for match in UTF8_DETECTOR_RE.finditer(text):
        part = match.group()
        if len(part) < len(text) and is_bad(part):
            fixed, plan = fix_encoding_and_explain(part)
            yield from _within(match.start(), len(part), *replay(part, plan or ())) if fixed != part else ()


def _within(begin: int, length: int, fixed: str, offsets: Sequence[int]) -> Iterator[Edit]:
    for old, end, new in _regrouped(offsets[:-1], fixed, length):
        yield begin + old, begin + end, new


def _per_character(name: str) -> Callable[[str], Iterator[Edit]]:
    """Edits of a step of ftfy that treats each character by itself."""

    def edits(text: str) -> Iterator[Edit]:
        from ftfy import fixes

        fix: Callable[[str], str] = getattr(fixes, name)
        changed = {char: fix(char) for char in set(text)}
        for i, char in enumerate(text):
            if changed[char] != char:
                yield i, i + 1, changed[char]

    return edits


def _remove_terminal_escapes(text: str) -> Iterator[Edit]:
    from ftfy.fixes import ANSI_RE

    for match in ANSI_RE.finditer(text):
        yield *match.span(), ""


_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]")


def _fix_surrogates(text: str) -> Iterator[Edit]:
    from ftfy.fixes import fix_surrogates

    for match in _SURROGATES.finditer(text):
        yield *match.span(), fix_surrogates(match.group())


def _normalize(text: str) -> Iterator[Edit]:
    """Edits of NFC, one for each run of characters that are normalised together."""
    begin = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or _parts_before(text[begin:end], text[end]):
            new = unicodedata.normalize("NFC", text[begin:end])
            if new != text[begin:end]:
                yield begin, end, new
            begin = end


def _parts_before(run: str, char: str) -> bool:
    """True when `char` begins a new run: it is no mark and does not melt into the run."""
    if char < "\u0300":
        return True
    if unicodedata.combining(char):
        return False
    first, second, both = (unicodedata.normalize("NFC", text) for text in (run, char, run + char))
    return both == first + second


_STEPS: Mapping[str, Callable[..., Iterator[Edit]]] = MappingProxyType(
    {
        "unescape_html": _unescape_html,
        "restore_byte_a0": _restore_byte_a0,
        "replace_lossy_sequences": _replace_lossy_sequences,
        "decode_inconsistent_utf8": _decode_inconsistent_utf8,
        "fix_c1_controls": _per_character("fix_c1_controls"),
        "fix_latin_ligatures": _per_character("fix_latin_ligatures"),
        "remove_control_chars": _per_character("remove_control_chars"),
        "remove_terminal_escapes": _remove_terminal_escapes,
        "fix_surrogates": _fix_surrogates,
        "NFC": _normalize,
    }
)
