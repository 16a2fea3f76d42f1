"""Which texts a pattern (RE2) finds something in."""

from bisect import bisect_left
from collections.abc import Callable
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["finder"]

Flags = npt.NDArray[np.bool_]
# Texts. Arrow makes a pattern anew each time, half a millisecond or more; with 63 patterns 44 texts take it 26 ms,
# 1,100 55 and 39,000 480 ms; one below another, read with patterns that are kept, they take 2, 21 and 710. Those that
# hold a line feed, which some of HTML do, are read one by one and take five times as long.
_FEW = 4000
_FEW_BROKEN = 200


def finder(texts: "pa.Array") -> Callable[[str], Flags]:
    """A function that says of a pattern whether each text matches somewhere.

    >>> import pyarrow as pa
    >>> finder(pa.array(["knee pain", "back"]))("(?i)PAIN$").tolist()
    [True, False]
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(texts) <= _FEW:
        lines = texts.cast(pa.large_binary()).to_pylist()
        broken = {i: line for i, line in enumerate(lines) if b"\n" in line}
        if len(broken) <= _FEW_BROKEN:
            return _Lines([b"" if i in broken else line for i, line in enumerate(lines)], broken).with_
    return lambda pattern: np.asarray(pc.match_substring_regex(texts, pattern))


class _Lines:
    """Texts one below another, and by their place those that hold a line feed."""

    def __init__(self, lines: list[bytes], broken: dict[int, bytes]) -> None:
        self._text, self._broken = b"\n".join(lines), broken
        self._ends = [end - 1 for end in accumulate(len(line) + 1 for line in lines)]

    def with_(self, pattern: str) -> Flags:
        """Whether each matches."""
        found, search, at = np.zeros(len(self._ends), bool), _search(pattern, lines=True), 0
        while at <= len(self._text) and self._ends and (match := search(self._text, at)) is not None:
            line = bisect_left(self._ends, match.end())
            found[line] = True
            at = self._ends[line] + 1
        for i, text in self._broken.items():
            found[i] = _search(pattern, lines=False)(text) is not None
        return found


@cache
def _search(pattern: str, *, lines: bool) -> Callable[..., Any]:
    """Finds the pattern; of `lines` in one of them alone: its marks of start and end are those of lines, and nothing in
    it stands for a line feed."""
    import re2

    options = re2.Options()
    options.never_capture, options.never_nl = True, lines
    return re2.compile(f"(?m){pattern}" if lines else pattern, options).search  # type: ignore[no-any-return]
