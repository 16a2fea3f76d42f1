"""Mend one line of text and say, for each character, where it stood.

ftfy finds what is wrong (mojibake, HTML entities, control characters, ligatures, decomposed letters) and returns
its plan; no library keeps offsets through such repair, so `replay` follows the plan with them.

Settings, argued: `unescape_html` always, not ftfy's "auto", which a single `<` turns off for all that follows;
NFC, for NFKC turns 10³ into 103; quotes stay curly and wide characters wide, for these are the writer's; line
breaks stay, for the caller cut the line.

One rule is our own: soft hyphens and zero-width spaces, joiners and non-joiners between two letters go, for they would
cut a word in two. Only Latin, Greek and Cyrillic letters: other scripts (and emoji) are spelled with joiners, or part
their words by zero-width spaces.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from pipeline.text.replay import compare, move, replay

if TYPE_CHECKING:
    from ftfy import TextFixerConfig

__all__ = ["Repair", "is_plain", "repair_line"]

# A line without these has nothing to mend: printable ASCII, tab and line ends, no entity, some marks of printed text,
# arrows, numbers in circles, shapes (but the lozenge), Chinese words and marks, wide letters. ftfy takes these for
# broken only beside characters that are not among them, if at all, and they are in normal form.
_SUSPECT = re.compile(
    r"[^\t\n\r -~‘’“”–—…•·°\u2190-\u21ff\u2460-\u24ff\u25a0-\u25c9\u25cb-\u27bf\u3000-\u3029\u30fb\u4e00-\u9fff"
    r"\uff01-\uff5e]|&[#A-Za-z]"
)
# A no-break space with ASCII around it, which ftfy leaves.
_LONE_SPACE = re.compile(r"\xa0(?<![^\0-\x7f]\xa0)(?![^\0-\x7f])")
# ASCII seven characters away from all else: ftfy's `is_bad`, which is slow, looks at seven at a time, not all ASCII.
_FAR = re.compile(r"(?<=[\0-\x7f]{7})[\0-\x7f]+(?=[\0-\x7f]{7})")
# Invisible characters inside a word; marks that melt into the letter before them are not among the letters.
_LETTER = r"[A-Za-zÀ-ÖØ-öø-\u02af\u0370-\u052f\u1e00-\u1fff]"
_INVISIBLE = re.compile(rf"(?<={_LETTER})[\xad\u200b-\u200d\u2060]+(?={_LETTER})")
# Characters mended at once: some of ftfy's rules slow down on very long lines, and offsets are held per piece.
_PIECE = 20_000
_CODING = ("encode", "decode", "transcode")


class Repair(NamedTuple):
    """A mended line.

    text: the words. alignment: for each code point of `text`, and for its end, the offset in the raw line; it
    never falls and ends at the raw length; None when `text` is the raw line. steps: sorted names
    of what was mended, as in ftfy, `fix_encoding` standing for all its decoding steps, or `remove_invisible_chars`.
    """

    text: str
    alignment: tuple[int, ...] | None = None
    steps: tuple[str, ...] = ()


def repair_line(text: str) -> Repair:
    """`text` mended. It should be one line; a long one is mended in pieces cut at blanks.

    A line that would vanish (control characters only) is left alone.

    >>> repair_line("5 Âµg &amp; a")
    Repair(text='5 µg & a', alignment=(0, 1, 2, 4, 5, 6, 11, 12, 13), steps=('fix_encoding', 'unescape_html'))
    """
    if is_plain(text) or not _is_suspect(text):
        return Repair(text)
    if len(text) > _PIECE:
        return _repair_pieces(text)
    if _is_sound(text):
        return Repair(text)
    mended, offsets, names = _mend(text)
    if mended == text or not mended:
        return Repair(text)
    return Repair(mended, tuple(offsets), tuple(sorted(names)))


def is_plain(text: str) -> bool:
    """Printable ASCII without an ampersand, as most lines are: no need to search them for what to mend."""
    return text.isascii() and text.isprintable() and "&" not in text


def _is_suspect(text: str) -> bool:
    if not _SUSPECT.search(text):
        return False
    return "\xa0" not in text or _SUSPECT.search(_LONE_SPACE.sub(" ", text)) is not None


def _repair_pieces(text: str) -> Repair:
    words: list[str] = []
    offsets: list[int] = []
    names: set[str] = set()
    for begin, end in pairwise(_cuts(text)):
        piece = repair_line(text[begin:end])
        words.append(piece.text)
        offsets += [begin + o for o in piece.alignment[:-1]] if piece.alignment else range(begin, end)
        names.update(piece.steps)
    if not names:
        return Repair(text)
    return Repair("".join(words), (*offsets, len(text)), tuple(sorted(names)))


def _cuts(text: str) -> Iterator[int]:
    begin = 0
    while begin < len(text):
        yield begin
        end = min(begin + _PIECE, len(text))
        blank = text.rfind(" ", begin + _PIECE // 2, end) if end < len(text) else -1
        begin = blank + 1 if blank >= 0 else end
    yield len(text)


@cache
def _config() -> "TextFixerConfig":
    from ftfy import TextFixerConfig

    return TextFixerConfig(
        unescape_html=True, uncurl_quotes=False, fix_character_width=False, fix_line_breaks=False, normalization="NFC"
    )


def _is_sound(text: str) -> bool:
    """True when every test for something to mend fails: five times as fast as ftfy's own round."""
    from ftfy.badness import is_bad

    near = text if text.isascii() else _FAR.sub("", text)
    return not _touched().search(text) and unicodedata.is_normalized("NFC", text) and not is_bad(near)


@cache
def _touched() -> re.Pattern[str]:
    """Entities, the characters that ftfy changes whatever stands around them, and what is invisible inside words."""
    from ftfy.chardata import C1_CONTROL_RE, CONTROL_CHARS, HTML_ENTITY_RE, LIGATURES

    characters = "".join(map(chr, (*CONTROL_CHARS, *LIGATURES)))
    return re.compile(
        f"[{re.escape(characters)}\ud800-\udfff]|{C1_CONTROL_RE.pattern}|{HTML_ENTITY_RE.pattern}|{_INVISIBLE.pattern}"
    )


def _mend(text: str) -> tuple[str, list[int], set[str]]:
    from ftfy import fix_and_explain

    fixed, plan = fix_and_explain(text, _config())
    steps = [(step.action, step.parameter) for step in plan or ()]
    replayed, offsets = replay(text, steps)
    if replayed != fixed:  # a rule of an ftfy newer than this replay
        offsets = move(range(len(text) + 1), compare(text, fixed))
    names = {_step_name(*step) for step in steps}
    hidden = [(*match.span(), "") for match in _INVISIBLE.finditer(fixed)]
    if not hidden:
        return fixed, offsets, names
    return _INVISIBLE.sub("", fixed), move(offsets, hidden), names | {"remove_invisible_chars"}


def _step_name(action: str, name: str) -> str:
    if action in _CODING or name == "decode_inconsistent_utf8":
        return "fix_encoding"
    return action if action == "normalize" else name
