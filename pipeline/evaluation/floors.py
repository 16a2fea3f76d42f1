"""Quality floors: figures that may rise but not fall, pinned to the pages they were measured on.

The idea is trafilatura's evaluation gate. A floor is a pinned figure less `SLACK`; it is lowered only by an
explicit flag, and pages that changed must be pinned anew, so that no drop hides behind other pages.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.evaluation.gold import GoldPage
from pipeline.stage import content_id

__all__ = ["FLOORS", "SLACK", "Floors", "breaches", "corpus_id", "load_floors", "pin"]

FLOORS = Path(__file__).with_name("floors.json")
# Another processor may round int8 scores otherwise, and a few rows fall on the other side of a threshold.
SLACK = 0.005
# An error falls as things get better; it is bounded by the calibration's own tests, not here.
_NO_FLOOR = frozenset({"claims.ece"})


@dataclass(frozen=True)
class Floors:
    """corpus: id of the pages; note: what a reader of the figures must know; floors: by name of the figure."""

    corpus: str
    note: str
    floors: Mapping[str, float]


def corpus_id(pages: Sequence[GoldPage]) -> str:
    """Hash of the pages' names, texts, labels and claims, whatever their order."""
    return content_id(*sorted(content_id(p.name, p.text, p.labels, p.claims) for p in pages))


def load_floors(path: Path = FLOORS) -> Floors:
    """The pinned floors."""
    return Floors(**json.loads(path.read_text(encoding="utf-8")))


def breaches(figures: Mapping[str, float], corpus: str, floors: Floors) -> list[str]:
    """What is wrong, a line each: other pages than those pinned, figures that are missing or below their floor.

    >>> breaches({"claims.strict_f1": 0.4}, "a", Floors("a", "", {"claims.strict_f1": 0.5}))
    ['claims.strict_f1 is 0.400, its floor 0.500']
    """
    if corpus != floors.corpus:
        return ["the labelled pages are not those the floors were pinned on: measure, then pin them with --pin"]
    return [
        f"{name} is {figures.get(name, 0.0):.3f}, its floor {floor:.3f}"
        for name, floor in floors.floors.items()
        if figures.get(name, 0.0) < floor
    ]


def pin(figures: Mapping[str, float], corpus: str, *, lower: bool = False, path: Path = FLOORS) -> None:
    """Write the figures less SLACK as floors. Raises ConfigError where one would fall, or is not measured any more, and
    `lower` is not set."""
    old = load_floors(path) if path.exists() else Floors(corpus, "", {})
    new = {name: round(value - SLACK, 4) for name, value in figures.items() if name not in _NO_FLOOR}
    fallen = [
        f"{name} from {floor} to {new.get(name, 'none')}"
        for name, floor in old.floors.items()
        if name not in new or new[name] < floor
    ]
    if fallen and not lower:
        raise ConfigError(f"floors would fall: {'; '.join(fallen)}. If that is meant, say --lower as well")
    path.write_text(json.dumps(asdict(Floors(corpus, old.note, new)), indent=1) + "\n", encoding="utf-8")
