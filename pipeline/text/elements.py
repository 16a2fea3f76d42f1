"""The elements that are open at a place in an HTML page, and what they tell of the text there.

A small stand-in for the tree builder of the HTML standard: end tags that the standard lets a page leave out are
understood for paragraphs, lists, tables and options; an end tag closes its element and all inside it, one that
fits nothing is passed over. Elements are known by the number of their start tag in the page.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.text.markup import TITLE as TITLE_NAME
from pipeline.text.markup import attribute_value, attributes

__all__ = [
    "BR", "HEADINGS", "INLINE", "NOTHING", "OPAQUE", "SMALL", "SUP", "TIME", "TITLE", "A", "Changes", "Codes", "Walk",
    "described", "is_inline", "is_taken_out", "is_telling", "is_void", "without_empty",
]  # fmt: skip

Ints = npt.NDArray[np.int64]
_EMPHASIS = ("b", "strong", "em", "i")
# Elements inside a line (HTML standard, phrasing content). Every other element, unknown ones too, begins a new block.
INLINE = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i", "img",
    "ins", "kbd", "label", "mark", "meta", "link", "nobr", "q", "rp", "rt", "ruby", "s", "samp", "small", "source",
    "span", "strike", "strong", "sub", "sup", "time", "track", "tt", "u", "var", "wbr",
})  # fmt: skip
_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
})  # fmt: skip
# Opening one of these closes an open one of the same group (optional end tags of the standard).
_CLOSED_BY = {
    "li": ("li",), "dt": ("dt", "dd"), "dd": ("dt", "dd"), "tr": ("tr", "td", "th"), "td": ("td", "th"),
    "th": ("td", "th"), "option": ("option",), "body": ("head",), "a": ("a",),
}  # fmt: skip
_SCOPES = ("ul", "ol", "dl", "table", "tbody", "select")
# Elements that an end tag from inside them does not reach beyond (the standard's "in scope").
_WALLS = ("table", "td", "th", "caption", "button")
_TABLE_PARTS = ("table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption")
_REACH = 256  # open elements that an end tag is looked for in: bounds the cost of pages nested without end
_NEAR = 24  # open elements among which those are looked for that a start tag closes
_NOT_DISPLAYED = re.compile(r"display\s*:\s*none")
_INVISIBLE = re.compile(r"visibility\s*:\s*hidden")
_NAMES = ("id", "class", "role", "itemprop")
# Attributes of other names, and one of these or the end of a tag. Something always follows what is repeated, so that
# nothing is tried again.
_THESE = r"(?ai:" + "|".join(_NAMES) + r")(?![^\s\"'>/=])"
_SAID = re.compile(
    r"(?:[\s\"'/=]*+(?!" + _THESE + r")[^\s\"'>/=]++\s*+(?:=\s*+(?:\"[^\"]*+\"?|'[^']*+'?|[^\s>]++))?)*"
    r"[\s\"'/=]*+(?:(" + _THESE + r")\s*+(?:=\s*+(?:\"([^\"]*+)\"?|'([^']*+)'?|([^\s>]++)))?|(>)|\Z)"
)

# Names that most pages use and that nothing is asked of; known beforehand they need not be counted on every page.
_COMMON = (
    "html", "div", "section", "article", "main", "header", "footer", "nav", "aside", "figure", "form", "h1", "h2", "h3",
    "h4", "h5", "h6", "noscript", "picture",
)  # fmt: skip
# A code for each name, so ordered that what a name asks for is told by comparing numbers: those that are counted while
# they are open, inline ones, blocks that close others, other blocks; an end tag has the negative code.
NOTHING, OPAQUE, TITLE = 0, 1, 2  # comments and the like; elements without markup inside; the title among those
_ORDER = ("body", "a", *_EMPHASIS, *sorted(INLINE - _VOID - {"a", *_EMPHASIS}), *sorted(INLINE & _VOID),
          *(name for name in _CLOSED_BY if name not in ("body", "a")), "p", *sorted(_VOID - INLINE),
          *sorted({"head", *_SCOPES, *_WALLS, *_TABLE_PARTS} - set(_CLOSED_BY)), *_COMMON)  # fmt: skip
_CODE = {name: code for code, name in enumerate(_ORDER, 3)}
_BODY, A, P, BR, SMALL, SUP, TIME = (_CODE[name] for name in ("body", "a", "p", "br", "small", "sup", "time"))
HEADINGS = tuple(_CODE[f"h{level}"] for level in range(1, 7))
_COUNTED = _CODE[_EMPHASIS[-1]]
_LAST_INLINE = P - len(_CLOSED_BY) + 1
_FIRST_VOID = _LAST_INLINE - len(INLINE & _VOID) + 1
_LAST_VOID = P + len(_VOID - INLINE)
_CLOSES = {_CODE[name]: frozenset(_CODE[other] for other in others) for name, others in _CLOSED_BY.items()}
_TELLING = (OPAQUE, TITLE, *(_CODE[name] for name in ("link", "meta", "time")))
_SCOPE_CODES, _WALL_CODES, _TABLE_CODES = (
    frozenset(_CODE[name] for name in names) for names in (_SCOPES, _WALLS, _TABLE_PARTS)
)


class Codes(dict[str | None, int]):
    """The codes of the names on one page; a name that is not known by itself gets the next free one."""

    def __init__(self) -> None:
        super().__init__(_known_codes())

    def __missing__(self, name: str) -> int:
        lower = name.lower()
        if lower != name:
            code = self[lower]
        elif name.startswith("/"):
            code = -self[name[1:]]
        else:
            code = len(self)  # more than any other
        self[name] = code
        return code


@functools.cache
def _known_codes() -> dict[str | None, int]:
    known: dict[str | None, int] = {None: NOTHING, "": OPAQUE}
    for name, code in ((TITLE_NAME, TITLE), *_CODE.items()):
        known |= {name: code, f"/{name}": -code}
    return known


def is_inline(codes: Ints) -> npt.NDArray[np.bool_]:
    """Which tags, start or end, belong to inline elements."""
    kind = np.abs(codes)
    return (kind >= A) & (kind <= _LAST_INLINE)


def is_telling(codes: Ints) -> npt.NDArray[np.bool_]:
    """Which tags may say something of the page as a whole."""
    return functools.reduce(np.logical_or, [codes == code for code in _TELLING])


def is_void(codes: Ints) -> npt.NDArray[np.bool_]:
    """Which tags, start or end, belong to elements that are never open."""
    kind = np.abs(codes)
    return ((kind >= _FIRST_VOID) & (kind <= _LAST_INLINE)) | ((kind > P) & (kind <= _LAST_VOID))


def without_empty(codes: Ints, empty: npt.NDArray[np.bool_]) -> Ints:
    """The codes, those of `empty` elements being changed for ones that are never open."""
    inline = is_inline(codes)
    change = empty & (codes > TITLE) & ~is_void(codes)
    return np.where(change, np.where(inline, _CODE["wbr"], _CODE["hr"]), codes)


def described(raws: Sequence[str]) -> list[tuple[str, bool]]:
    """Of each start tag, by its attributes as they are written: id, class, role and itemprop, lower case; whether they
    hide it."""
    names: list[str | None] = []
    own: dict[str, str] = {}
    for name, double, single, bare, _ in _SAID.findall(">".join(["" if ">" in raw else raw for raw in raws] + [""])):
        if name:
            value = double or single or bare
            own.setdefault(name.lower(), attribute_value(value))
        else:
            names.append(_names(own) if own else "")
            own = {}
    if len(names) != len(raws) + 1:  # quotes that are left open took in tags behind them
        names = [None] * len(raws)
    found = []
    for raw, said in zip(raws, names, strict=False):
        hidden = _may_hide(raw) and _hides(attributes(raw))
        found.append((_names(attributes(raw)) if said is None or ">" in raw else said, hidden))
    return found


def is_taken_out(raw: str) -> bool:
    """Whether a start tag, by its attributes as they are written, says itself that nothing is shown.

    >>> is_taken_out(" hidden"), is_taken_out(" style='color: red; display: none'"), is_taken_out(' class="a hidden b"')
    (True, True, False)
    """
    return _may_hide(raw) and _takes_out(attributes(raw))


def _may_hide(raw: str) -> bool:
    return "hidden" in (lower := raw.lower()) or "none" in lower


def _takes_out(values: Mapping[str, str]) -> bool:
    return "hidden" in values or _NOT_DISPLAYED.search(values.get("style", "").lower()) is not None


def _hides(values: Mapping[str, str]) -> bool:
    """Whether attributes hide their element, for some readers at least.

    A class says nothing of it: what is of class `hidden` may be shown on wide screens, or by a script.
    """
    return (
        _takes_out(values)
        or values.get("aria-hidden", "").strip().lower() == "true"
        or _INVISIBLE.search(values.get("style", "").lower()) is not None
    )


def _names(values: Mapping[str, str]) -> str:
    return " ".join([values[name] for name in _NAMES if name in values]).lower()


class States(NamedTuple):
    """What is open before some tags, column by column: the innermost element (-1: none), how many, whether the body
    is among them."""

    top: list[int]
    depth: list[int]
    in_body: list[bool]


class Changes(NamedTuple):
    """The tags behind which links or emphasis open or close, and whether any of each is open there."""

    tag: list[int]
    linked: list[bool]
    emphasised: list[bool]


class Walk:
    """Follows the tags of a page. parent: of each element, -1 for none. changes: as they come."""

    def __init__(self, count: int) -> None:
        self.parent = [-1] * count
        self.changes = Changes([-1], [False], [False])
        self._elements = [-1]
        self._codes = [NOTHING]
        self._open = [0, 0, 0]  # bodies, links, elements of emphasis

    def states(self, numbers: Sequence[int], tags: Sequence[int], stops: Sequence[int]) -> States:
        """What is open after so many of the tags (their numbers and codes) as each of `stops` says."""
        states, at = States([], [], []), 0
        top, depth, in_body = states
        elements, codes, parent, opened = self._elements, self._codes, self.parent, self._open
        for stop in stops:
            for tag, code in zip(numbers[at:stop], tags[at:stop], strict=True):
                if code < 0:
                    if codes[-1] == -code:
                        del elements[-1], codes[-1]
                        if code >= -_COUNTED:
                            self._count(tag, -code, -1)
                    else:
                        self._close(tag, -code)
                    continue
                if codes[-1] == P and (code > _LAST_INLINE or code == _BODY):
                    del elements[-1], codes[-1]
                if code in _CLOSES and (code != A or opened[1]):
                    self._close_siblings(tag, code)
                parent[tag] = elements[-1]
                elements.append(tag)
                codes.append(code)
                if code <= _COUNTED:
                    self._count(tag, code, 1)
            at = stop
            top.append(elements[-1])
            depth.append(len(elements) - 1)
            in_body.append(opened[0] > 0)
        return states

    def _count(self, tag: int, code: int, by: int) -> None:
        if code < _BODY:  # a title
            return
        kind = min(code - _BODY, 2)
        self._open[kind] = left = self._open[kind] + by
        if kind and left == (by > 0):  # the first of its kind opens, or the last one closes
            self.changes.tag.append(tag)
            self.changes.linked.append(self._open[1] > 0)
            self.changes.emphasised.append(self._open[2] > 0)

    def _close(self, tag: int, code: int) -> None:
        """Close the innermost `code` and what is open inside it; nothing where none is open, or in reach.

        The end tag of an inline element leaves blocks inside it open.
        """
        codes = self._codes
        if code not in codes[-_REACH:]:
            return
        walls = (_CODE["table"],) if code in _TABLE_CODES else _WALL_CODES
        for at in range(len(codes) - 1, max(0, len(codes) - 1 - _REACH), -1):
            if codes[at] == code:
                alone = (
                    code <= _LAST_INLINE
                    and code != _BODY
                    and any(c > _LAST_INLINE or c == _BODY for c in codes[at + 1 :])
                )
                last = at + 1 if alone else len(codes)
                closed = codes[at:last]
                del codes[at:last], self._elements[at:last]
                for inner in closed:
                    if inner <= _COUNTED:
                        self._count(tag, inner, -1)
                return
            if codes[at] in walls:
                return

    def _close_siblings(self, tag: int, code: int) -> None:
        """Close the open element that `code` may not stand in, looking no further than the nearest list or table."""
        closed = _CLOSES[code]
        for other in reversed(self._codes[-_NEAR:]):
            if other in closed:
                self._close(tag, other)
            if other in closed or other in _SCOPE_CODES:
                return
