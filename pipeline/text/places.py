"""Places where a line changes from one kind of text to another, by rule.

A rule finds code points of a line's words to cut at. Most lines hold nothing that a rule looks for: all lines are asked
at once which rules may find a place in them (Arrow's RE2), and only those few are then read one by one.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pipeline.text.patterns import finder

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["CUTS", "JOINING", "LONGEST_TITLE", "places", "rules_for", "typed", "without_typed"]

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
LONGEST_TITLE = 330  # characters; a headline with its keyword suffix, the longest in the written corpus is 260
_SHORTEST_PROSE = 60  # characters; below it a line holds one thing
_LEAD = 80  # characters; a run-in or glued heading ends within it
_TAIL = 95  # characters; a stray last fragment or a headline glued to a line's end is no longer
# A line that holds one of these may hold more than prose: what calls, offers, notices and bylines say,
_CALL = (
    r"(?i)we ?chat|scan |two-dimensional|qr code|public (?:number|account|platform)|official account|follow us|"
    r"subscribe|newsletter|hot ?line|consult|telephone|free (?:clinic|trial|gift)|discount|coupon|half price|click |"
    r"like this|thumbs|praise|forward|comment|share (?:this|it)|welcome to|register|sign up|call us|400-|[$£€￥¥]\d|"
    r"copyright|infring|reprint|source of|reporter|correspondent|editor|text/|picture|photo|"
    # and words by which a page speaks of itself or to its readers. Chosen on train pages: of the lines of prose that
    # turn to something else those before find 23 %, all together 59 % (on test pages 27 and 62 %), and 7 and 12 % of
    # the honest ones.
    r"\bours?\b|\b(?:ask|find|join|tell|visit|with|write to) us\b|for you\b|tells? you\b|\breaders?\b|\bfriends who|"
    r"\bthose (?:who|whose) (?:cannot|can't|can not|don't|do not|have no|want|wish)|no time\b|leave (?:a|your|their) |"
    r"this (?:article|column|newspaper|page|paragraph|platform|shop|site|station)|can be had|\bsold\b|online|brand|"
    r"arranged|\bintern\b|recorded by|dictated|\bvotes?\b"
)
_SEPARATOR = re.compile(r"[–—|｜_•»·~【:-]|\s[\s,]")
_SUFFIX = re.compile(
    r"(?<=\S)\s*(?:\s[–—•·»~-]\s|\s,\s?|\s?[|｜]\s?|\s?_\s?|--+|::|—|\s[–—-](?=[A-Z])|(?<=[a-z?!])-(?=[A-Z])|【"
    r"|\s\s+(?=(?:Source|By|Text|Author|Reporter|Editor|From)\b|#\d))(?=\s*\S)"
)
_CLOSING = frozenset(")）]】.。")
_DASH = re.compile(r"[–—-]")
_LIST = re.compile(r"[|｜/_]")
_BRACKETS = re.compile(r"\s?[(（\[【][^()（）\[\]【】]{2,120}[)）\]】]")
_BRACKETS_END = re.compile(r"\s?[(（\[【][^()（）\[\]【】]{2,120}[)）\]】]\W{0,2}$")
# These begin with a character, not with what stands before it: `re` then passes over the others quickly.
_GLUED = re.compile(r"[A-Z](?:(?:(?<=[a-z]{3}.)|(?<=[?!.:)\]].))(?=[a-z]*[\s,][a-z\d])|(?<=[?!:] .))")
# A heading of up to nine words, all small but the first, before a sentence: "Muscle pain This is a feeling".
_NUMBER = r"(?:[(（]?\w{1,3}[.)）、:] ?)?"
_HEAD = r"\w\S*(?<![.!?:;,])(?: [^A-Z\W]\S*(?<![.!?:;])){0,8}(?<=[a-z\d)”\"])"
_SENTENCE_BEGINS = r" (?:An?|[A-Z][a-z]+),? [a-z\d]"
_HEADED = re.compile(rf"{_NUMBER}{_HEAD}(?={_SENTENCE_BEGINS})")
# Words that a heading does not end in: what is capital behind them is a name.
JOINING = frozenset({
    "a", "an", "and", "are", "as", "at", "by", "called", "for", "from", "his", "her", "in", "is", "it", "its", "like",
    "my", "near", "of", "on", "or", "our", "than", "that", "the", "their", "this", "to", "under", "was", "were", "with",
    "your",
})  # fmt: skip
_WIDE = re.compile(r"(?<=\S)\s\s+(?=\S)")
# Behind sentences of a typist who strikes the space bar twice: so often in a source, and so often for each time once.
_TYPED, _ONCE = r"[.!?][\"'”’)]?  [^\s]", r"[a-z][.!?][\"'”’)]? [A-Z\"“]"
_HABIT, _FOR_ONE = 5, 4
_TYPED_BLANKS = re.compile(r"[.!?\"'”’)]  (?=\S)")
_RUN_IN = re.compile(r" (?<=[a-z]{2}[.:] )(?=[A-Z])")
_SENTENCE = re.compile(r" (?:(?<=[.!?。！？] )|(?<=[.!?。！？][”\"] ))(?=\S)")
# Lines that none of these finds have no place to cut. They are searched all at once (RE2), so they know neither
# look-behind nor Python's white space and find more than the rules do.
_BLANKS = r"\t-\r\x1c-\x1f \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
_MAY_HAVE_SUFFIX = (
    rf"[{_BLANKS}][–—•·»~-][{_BLANKS}]|[|｜_—【]|--|::|[{_BLANKS}]–[A-Z]|[{_BLANKS}]-[A-Z]|[a-z?!]-[A-Z]"
    rf"|[{_BLANKS}]{{2}}(?:[SBTARE]|From|#)"
)
_MAY_BE_TWO = (
    rf"[–—|｜_•»·~【:-]|[{_BLANKS}]{{2}}"  # `_SEPARATOR`; before a comma nothing is cut unless one of these follows
)
_CLOSED_END = r"[)）\]】.。]$"  # `_CLOSING`
_MAY_BE_GLUED = (
    r"(?:[a-z]{3}|[?!.:)\]])[A-Z][a-z]*[^A-Za-z]|[?!:] [A-Z]"
    rf"|^(?:.{{1,4}}[.)）、:])?[^.!?]*[a-z0-9)”\"]{_SENTENCE_BEGINS}"
)
_MAY_BE_WIDE = rf"[{_BLANKS}]{{2}}"
_MAY_RUN_IN = r"[a-z]{2}[.:] [A-Z]"
_MAY_END_IN_BRACKETS = r"(?s)[)）\]】.。].?$"
_MAY_HAVE_TAIL = r"[.!?。！？”\"][^.!?。！？,;:]{3,}$"
_WHOLE_END = r"[.!?。！？”\";:]$"
# Entries of a table of contents, heads and feet of pages.
_WHOLE = r"([.·] ?){5,}[0-9]{1,4}$|^[0-9]{1,4} {5,}[A-Z][A-Z ,.:&-]{8,80}$|^[A-Z][A-Z0-9 ,.:&-]{8,80} {5,}[0-9]{1,4}$"
_TAIL_START = re.compile(r"[.!?。！？”\"](?= ?[^.!?。！？,;:]{3,90}$)")


def rules_for(texts: "pa.Array", mended: Flags) -> tuple[Ints, Flags]:
    """For each line a number whose bits are the rules of `CUTS`, in their order, that may find a place in it; whether
    the line holds an offer, a call or a notice.

    texts: the words of each line. mended: whether repair changed them.
    """
    import pyarrow.compute as pc

    size = np.asarray(pc.utf8_length(texts))
    calls = finder(texts)(_CALL)
    prose, title = size >= _SHORTEST_PROSE, size <= LONGEST_TITLE
    head, tail = pc.utf8_slice_codeunits(texts, 0, _LEAD), pc.utf8_slice_codeunits(texts, -_TAIL)
    # A short line without a mark between two things or at its end is left whole.
    mixed = prose | mended | _found(texts, rf"{_MAY_BE_TWO}|{_CLOSED_END}", ~(prose | mended))
    long = size >= _SHORTEST_PROSE + _TAIL
    may = {
        "suffix": _found(texts, _MAY_HAVE_SUFFIX, mixed & title),
        "brackets": _found(texts, r"[(（\[【]", mixed) & (prose & calls | _found(tail, _MAY_END_IN_BRACKETS, mixed)),
        "glued": _found(head, _MAY_BE_GLUED, prose),
        "lead": _found(head, _MAY_RUN_IN, size >= _LEAD + _SHORTEST_PROSE),
        "sentence": prose & calls,
        "tail": _found(tail, _MAY_HAVE_TAIL, long) & ~_found(tail, _WHOLE_END, long),
        "wide": _found(texts, _MAY_BE_WIDE, prose),
    }
    rules = np.bitwise_or.reduce([may[name].astype(np.int64) << i for i, name in enumerate(CUTS)])
    return np.where(_found(texts, _WHOLE, rules > 0), 0, rules), calls


def _found(texts: "pa.Array", pattern: str, asked: Flags) -> Flags:
    """Whether each text matches; False where it is not asked."""
    import pyarrow as pa

    found = np.zeros(len(texts), bool)
    found[asked] = finder(texts.filter(pa.array(asked)))(pattern)
    return found


@cache
def _chosen(rules: int) -> tuple[tuple[int, Callable[[str, bool], Iterable[int]]], ...]:
    return tuple((i + 1, cut) for i, cut in enumerate(CUTS.values()) if rules >> i & 1)


def places(text: str, call: bool, rules: int) -> list[tuple[int, int]]:
    """Where to cut a line (code points of its words) and by which rule, counted from 1; its start and end by none, 0.

    call, rules: what `rules_for` says of it.
    """
    found = {0: 0}
    for number, cut in _chosen(rules):
        for place in cut(text, call):
            found.setdefault(place, number)
    found.pop(len(text), None)
    return [*sorted(found.items()), (len(text), 0)]


def typed(texts: "pa.Array", source: Ints) -> Flags:
    """For each line whether its source has two blanks behind each sentence, so that there they keep nothing apart."""
    import pyarrow.compute as pc

    twice = np.flatnonzero(pc.match_substring(texts, "  "))
    times = np.bincount(source[twice], pc.count_substring_regex(texts.take(twice), _TYPED), minlength=1)
    if (times < _HABIT).all():
        return np.zeros(len(texts), bool)
    once = np.bincount(source, pc.count_substring_regex(texts, _ONCE), minlength=len(times))
    times = np.pad(times, (0, len(once) - len(times)))
    return np.asarray((times >= _HABIT) & (times > _FOR_ONE * once))[source]


def without_typed(text: str, found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """`places` of a line of such a source, less those between its sentences."""
    return [(at, rule) for at, rule in found if rule != _WIDE_RULE or not _TYPED_BLANKS.match(text, at - 1)]


def _suffixes(text: str, call: bool) -> Iterable[int]:
    """Before "– Site", "| keyword/keyword", "_keyword_Site" behind a headline."""
    if len(text) > LONGEST_TITLE or text[-1] in ".;,":
        return
    separators = [*_separators(text)]
    last = max((found.start() for found in separators if found.group().strip() != ","), default=0)
    for found in separators:
        rest = text[found.end() :].lstrip()
        if found.group().strip() == "," and found.start() > last:
            continue
        if found.group() == "-" and not text[: found.start()].rpartition(" ")[2][:1].islower():
            continue  # "Acne-Prone"; but "side effects-Kang Encyclopedia"
        # "injury – causes pain" is no suffix; "headline – back pain/sciatica" and "headline – back pain – Site" are
        if not _DASH.search(found.group()) or not rest[:1].islower() or _LIST.search(rest) or found.start() < last:
            yield found.start()


def _separators(text: str) -> Iterator[re.Match[str]]:
    """What `_SUFFIX` finds, looked for only where a separator stands, with the white space before it."""
    done = 0
    for mark in _SEPARATOR.finditer(text):
        start = mark.start()
        if text[start - 1 : start].isspace():
            start = len(text[:start].rstrip())
        if start >= done and (found := _SUFFIX.match(text, start)):
            done = found.end()
            yield found


def _brackets(text: str, call: bool) -> Iterable[int]:
    """Before and behind "(search lt0385 on WeChat)", before "(reporter Gao Zhaoming)" at the line's end."""
    if call and len(text) >= _SHORTEST_PROSE:
        for found in _BRACKETS.finditer(text):
            if found.start() and re.search(_CALL, found.group()):
                yield from found.span()
    if text[-1] in _CLOSING or text[-2:-1] in _CLOSING:
        yield from (found.start() for found in _BRACKETS_END.finditer(text, max(0, len(text) - 126)))


def _glued(text: str, call: bool) -> Iterable[int]:
    """Between a heading and the prose glued onto it: "Muscle painThis is a feeling", or with a blank between."""
    if len(text) < _SHORTEST_PROSE:
        return
    for found in _GLUED.finditer(text, 0, _LEAD):
        yield found.start()
    head = _HEADED.match(text, 0, _LEAD)
    if head and head.group().rpartition(" ")[2].lower() not in JOINING:
        yield head.end()


def _wide(text: str, call: bool) -> Iterable[int]:
    """Between what more than one blank keeps apart: lines of a page that came as one."""
    if len(text) >= _SHORTEST_PROSE:
        yield from (found.start() for found in _WIDE.finditer(text))


def _run_ins(text: str, call: bool) -> Iterable[int]:
    """Behind a run-in heading: "Gums and joints. Adults with severe periodontitis ..."."""
    if len(text) >= _LEAD + _SHORTEST_PROSE and (found := _RUN_IN.search(text, 0, _LEAD)):
        yield found.start()


def _sentences(text: str, call: bool) -> Iterable[int]:
    """Between the sentences of a line that holds an offer, a call or a notice somewhere."""
    if call and len(text) >= _SHORTEST_PROSE:
        yield from (found.start() for found in _SENTENCE.finditer(text))


def _tails(text: str, call: bool) -> Iterable[int]:
    """Before an unfinished last sentence: "... as soon as possible. Bring about", or the next headline."""
    if len(text) >= _SHORTEST_PROSE + _TAIL and text[-1] not in '.!?。！？”";:':
        offset = len(text) - _TAIL
        yield from (offset + found.end() for found in _TAIL_START.finditer(text[offset:]))


# In this order; where two rules cut at one place the first names it.
CUTS: dict[str, Callable[[str, bool], Iterable[int]]] = {
    "suffix": _suffixes,
    "brackets": _brackets,
    "glued": _glued,
    "lead": _run_ins,
    "sentence": _sentences,
    "tail": _tails,
    "wide": _wide,
}
_WIDE_RULE = 1 + [*CUTS].index("wide")
