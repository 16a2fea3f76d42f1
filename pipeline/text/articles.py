"""Where the articles of a dump begin.

A dump holds one page or many, pasted together with or without blank lines. An article begins at its title,
together with the breadcrumb lines right above it; what stands before the first title belongs to the first
article.
"""

from collections.abc import Sequence

__all__ = ["article_starts"]

_ABOVE_TITLE = frozenset({"rule:breadcrumb", "rule:breadcrumb-path", "rule:menu", "rule:page-tools"})


def article_starts(labels: Sequence[str], reasons: Sequence[str], lines: Sequence[int]) -> list[int]:
    """Indices of the segments of one source at which an article begins; the first is 0.

    labels, reasons, lines: label, reason and line of each segment in order.

    >>> article_starts(["nav", "title", "body", "nav", "title", "title", "body"],
    ...                ["rule:breadcrumb", "", "", "rule:breadcrumb", "", "", ""], [0, 1, 2, 3, 4, 4, 5])
    [0, 3]
    """
    starts = [0]
    fresh = True  # no title yet in this article
    for i in [i for i, label in enumerate(labels) if label == "title"]:
        if not fresh and lines[i] != lines[i - 1]:
            at = i
            while at - 1 > starts[-1] and labels[at - 1] == "nav" and reasons[at - 1] in _ABOVE_TITLE:
                at -= 1
            starts.append(at)
        fresh = False
    return starts
