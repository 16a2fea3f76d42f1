"""What the text says of an entity: denied, doubted, supposed, past, somebody else's; with the cue that says so."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.knowledge.cues import Cue

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

    An entity lies in a cue's scope when it begins there; a cue inside the entity's own words ("without
    pain") says nothing of it.
    """
    touching = [cue for cue in cues if cue.scope[0] <= start < cue.scope[1] and not start <= cue.start < end]
    if not touching:
        return _NONE
    kinds = {cue.kind for cue in touching}
    return Context(
        negated="negation" in kinds,
        hedged="hedge" in kinds,
        hypothetical="hypothetical" in kinds,
        historical="historical" in kinds,
        other_experiencer="experiencer" in kinds,
        cues=tuple(dict.fromkeys(touching)),
    )
