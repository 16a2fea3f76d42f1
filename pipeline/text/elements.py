"""The elements that are open at a place in an HTML page, and what they tell of the text there.

A small stand-in for the tree builder of the HTML standard: end tags that the standard lets a page leave out are
understood for paragraphs, lists, tables and options; an end tag closes its element and all inside it, one that
fits nothing is passed over.
"""

import re
from collections import defaultdict
from functools import lru_cache
from typing import NamedTuple

from pipeline.text.markup import Tag, attributes

__all__ = ["INLINE", "Around", "OpenElements"]

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
_SCOPES = frozenset({"ul", "ol", "dl", "table", "tbody", "select"})
# Elements that an end tag from inside them does not reach beyond (the standard's "in scope").
_WALLS = frozenset({"table", "td", "th", "caption", "button"})
_TABLE = frozenset({"table"})
_TABLE_PARTS = frozenset({"table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption"})
_HIDDEN = re.compile(
    r"(?:^|\s)hidden(?=[\s=]|$)|aria-hidden\s*=\s*[\"']?true|display\s*:\s*none|visibility\s*:\s*hidden", re.I
)
_NAMED = re.compile(r"(?:class|id|role|itemprop)\s*=", re.I)
_NAMES = ("id", "class", "role", "itemprop")
# Open elements that a block reports: deeper nesting is layout, and it bounds the cost of pages nested without end.
_ANCESTORS = 24
_REACH = 256  # open elements that an end tag is looked for in: the same bound, for pages nested in earnest


class _Element:
    """An open element; what it and those around it are called is worked out when a block first asks."""

    __slots__ = ("attributes", "begin", "hidden", "line", "name", "parent")

    def __init__(self, name: str, raw: str, begin: int, parent: "_Element | None") -> None:
        self.name = name
        self.attributes = raw
        self.begin = begin
        self.parent = parent
        self.hidden: bool = (parent is not None and parent.hidden) or (
            ("hidden" in raw or "none" in raw) and _HIDDEN.search(raw) is not None
        )
        self.line: Around | None = None

    def ancestry(self) -> "Around":
        """Path and names of the innermost elements, this one last; on a page nested without end, no deeper."""
        waiting: list[_Element] = []
        element: _Element | None = self
        while element is not None and element.line is None:
            waiting.append(element)
            element = element.parent
        line = (element and element.line) or Around((), (), "", ())
        for inner in reversed(waiting):
            tag = line.tag if inner.name in INLINE else inner.name
            names = _names(inner.attributes) if inner.attributes else ""
            line = Around(
                (*line.path, inner.name)[-_ANCESTORS:],
                (*line.names, names)[-_ANCESTORS:] if names else line.names,
                tag,
                (*line.nodes, inner.begin)[-_ANCESTORS:],
            )
            inner.line = line
        return line


@lru_cache(maxsize=4096)
def _names(raw: str) -> str:
    """Id, class and role in a tag's attributes; the tags of a template repeat."""
    values = attributes(raw) if _NAMED.search(raw) else {}
    return " ".join(values[name] for name in _NAMES if name in values).lower()


class Around(NamedTuple):
    """What a block reports of the elements around it."""

    path: tuple[str, ...]
    names: tuple[str, ...]
    tag: str
    nodes: tuple[int, ...]


class OpenElements:
    """The stack of open elements."""

    def __init__(self) -> None:
        self._stack: list[_Element] = []
        self.count: defaultdict[str, int] = defaultdict(int)

    @property
    def depth(self) -> int:
        return len(self._stack)

    @property
    def hidden(self) -> bool:
        return bool(self._stack) and self._stack[-1].hidden

    def around(self) -> Around:
        """Tag, path and names at this place."""
        return self._stack[-1].ancestry() if self._stack else Around((), (), "", ())

    def follow(self, tag: Tag) -> None:
        """Open or close what `tag` opens or closes."""
        begin, _, name, raw, closing, content = tag
        if not name or content is not None or name in _VOID:
            return
        if closing:
            self.close(name)
            return
        stack = self._stack
        if stack and stack[-1].name == "p" and name not in INLINE:
            self.close("p")
        if name in _CLOSED_BY:
            self._close_siblings(name)
        stack.append(_Element(name, raw, begin, stack[-1] if stack else None))
        self.count[name] += 1

    def open(self, tag: Tag) -> None:
        stack = self._stack
        stack.append(_Element(tag.name, tag.attributes, tag.begin, stack[-1] if stack else None))
        self.count[tag.name] += 1

    def close(self, name: str) -> None:
        """Close the innermost `name` and what is open inside it; nothing where none is open, or in reach.

        The end tag of an inline element leaves blocks inside it open.
        """
        if not self.count[name]:
            return
        if self._stack[-1].name == name:
            self._stack.pop()
            self.count[name] -= 1
            return
        walls = _TABLE if name in _TABLE_PARTS else _WALLS
        stack = self._stack
        for at in range(len(stack) - 1, max(-1, len(stack) - 1 - _REACH), -1):
            if stack[at].name == name:
                last = at + 1 if name in INLINE and any(e.name not in INLINE for e in stack[at + 1 :]) else len(stack)
                for element in stack[at:last]:
                    self.count[element.name] -= 1
                del stack[at:last]
                return
            if stack[at].name in walls:
                return

    def _close_siblings(self, name: str) -> None:
        """Close the open element that `name` may not stand in, looking no further than the nearest list or table."""
        closed = _CLOSED_BY[name]
        for element in reversed(self._stack[-_ANCESTORS:]):
            if element.name in closed:
                self.close(element.name)
            if element.name in closed or element.name in _SCOPES:
                return
