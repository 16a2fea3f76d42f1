"""Overlapping spans cut into pieces that lie side by side, as HTML needs them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.store import visible

__all__ = ["Piece", "Span", "pieces"]


@dataclass(frozen=True)
class Span:
    """A stretch of the decoded source, and its part (`subject`, `object`, `evidence`) in the claim of that number."""

    start: int
    end: int
    role: str
    claim: int


@dataclass(frozen=True)
class Piece:
    """Words that play the same parts: `roles` in the order subject, object; `classes` name role and claim number."""

    text: str
    roles: tuple[str, ...]
    classes: str
    title: str


def pieces(text: str, start: int, end: int, spans: Sequence[Span]) -> Iterator[Piece]:
    """`text[start:end]` cut where a span begins or ends.

    >>> [(p.text, p.roles) for p in pieces("ginger helps", 0, 12, [Span(0, 6, "subject", 1)])]
    [('ginger', ('subject',)), (' helps', ())]
    """
    here = [span for span in spans if span.start < end and span.end > start]
    cuts = sorted({start, end, *(at for span in here for at in (span.start, span.end) if start < at < end)})
    for left, right in pairwise(cuts):
        held = [span for span in here if span.start <= left and span.end >= right]
        yield Piece(visible(text[left:right]), _roles(held), _classes(held), _title(held))


def _roles(held: Sequence[Span]) -> tuple[str, ...]:
    return tuple(role for role in ("subject", "object") if any(span.role == role for span in held))


def _classes(held: Sequence[Span]) -> str:
    return " ".join(sorted({f"{span.role[0]}{span.claim}" for span in held}))


def _title(held: Sequence[Span]) -> str:
    parts = []
    for role in _roles(held):
        numbers = sorted({span.claim for span in held if span.role == role})
        parts.append(f"{role} of claim {', '.join(map(str, numbers))}")
    return "; ".join(parts)
