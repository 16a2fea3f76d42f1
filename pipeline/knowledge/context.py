"""What the text says of an entity: denied, doubted, supposed, past, somebody else's; with the cue that says so."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.knowledge.cues import Cue, Cues, is_cue

__all__ = ["Context", "context_of"]


@dataclass(frozen=True, slots=True)
class Context:
    """The context of one entity and the cues behind it, in text order."""

    negated: bool = False
    hedged: bool = False
    hypothetical: bool = False
    historical: bool = False
    other_experiencer: bool = False
    cues: tuple[Cue, ...] = ()


_NONE = Context()


def context_of(start: int, end: int, cues: Sequence[Cue]) -> Context:
    """The context of the stretch `start` to `end` (code points of the text the cues were found in).

    An entity lies in a cue's scope when it begins there, or in the cue's last words and ends there: "have a fever"
    behind "may not have". A cue inside the entity's own words ("without pain") says nothing of it, nor does one whose
    last words are what it says ("does not" of "not exercise").
    """
    touching = []
    for begins, side in (cues if isinstance(cues, Cues) else Cues(cues)).sides:
        at = bisect_right(begins, start) - 1
        if at >= 0 and _touches(side[at], start, end):
            touching.append(side[at])
    if not touching:
        return _NONE
    kinds = {cue.kind for cue in touching}
    return Context(
        negated="negation" in kinds,
        hedged="hedge" in kinds,
        hypothetical="hypothetical" in kinds,
        historical="historical" in kinds,
        other_experiencer="experiencer" in kinds,
        cues=tuple(sorted(touching, key=lambda cue: (cue.start, cue))),
    )


def _touches(cue: Cue, start: int, end: int) -> bool:
    if cue.start < start < cue.end <= cue.scope[0] < end:
        return not is_cue(cue.text[start - cue.start :], cue.kind)
    return cue.scope[0] <= start < cue.scope[1] and not start <= cue.start < end
