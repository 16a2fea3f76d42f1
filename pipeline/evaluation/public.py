"""Public test sets, where a copy of them lies at hand: negation, entities found, disease names linked.

They are no part of this project and are read for their figures alone. A set whose file is missing is left out.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pipeline.evaluation.claims import Rate
from pipeline.evaluation.entities import score_iob, score_linking
from pipeline.evaluation.negation import score_negation
from pipeline.knowledge.recognise import Recogniser
from pipeline.knowledge.terminology import load

__all__ = ["LARGE", "PUBLIC", "PublicTable", "lines", "public_tables"]

# A folder of public sets beside the checkout. None is needed.
PUBLIC = Path("../shared/eval")
# Where `make terminology` writes the large terminology unless told otherwise.
LARGE = Path("data/terminology.parquet")
_PRF = ("precision", "recall", "f1")
_NEGEX, _BC5CDR, _NCBI = "negex.tsv", "bc5cdr/test.tsv", "ncbi-disease/test.txt"


class PublicTable(NamedTuple):
    """The figures on one public set: a heading, names of the columns, and rows of a name and values (0 to 1)."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float, ...]], ...]


def public_tables(folder: Path = PUBLIC, *, large: Path = LARGE) -> Iterator[PublicTable]:
    """One table for each set in `folder`: negex.tsv, bc5cdr/test.tsv, ncbi-disease/test.txt; none where it has none.

    Entities are found with the embedded terminology and, if the file `large` exists, with that one as well.
    """
    if (folder / _NEGEX).is_file():
        yield PublicTable("negation, negex", _PRF, (("cue lexicon", _prf(score_negation(folder / _NEGEX))),))
    found, linked = folder / _BC5CDR, folder / _NCBI
    if not found.is_file() and not linked.is_file():
        return
    recognisers = {"embedded": Recogniser(load(None))}
    if large.is_file():
        recognisers["large"] = Recogniser(load(large))
    if found.is_file():
        rows = tuple((name, _prf(score_iob(found, recogniser))) for name, recogniser in recognisers.items())
        yield PublicTable("diseases and chemicals, BC5CDR test", _PRF, rows)
    if linked.is_file():
        yield PublicTable("disease names linked, NCBI test", ("precision", "accuracy"), _linked(linked, recognisers))


def _prf(rate: Rate) -> tuple[float, ...]:
    return rate.precision, rate.recall, rate.f1


def _linked(path: Path, recognisers: Mapping[str, Recogniser]) -> tuple[tuple[str, tuple[float, ...]], ...]:
    """A row for each terminology, then for each kind of match with it."""
    rows: list[tuple[str, tuple[float, ...]]] = []
    for name, recogniser in recognisers.items():
        kinds = score_linking(path, recogniser)
        named = [(f"{name}, {kind}", rate) for kind, rate in kinds.items()]
        for label, rate in [(name, _sum(kinds)), *named]:
            rows.append((label, (rate.precision, rate.recall)))
    return tuple(rows)


def _sum(kinds: Mapping[str, Rate]) -> Rate:
    labelled = max((rate.labelled for rate in kinds.values()), default=0)
    return Rate(sum(rate.hits for rate in kinds.values()), sum(rate.read for rate in kinds.values()), labelled)


def lines(table: PublicTable) -> list[str]:
    """The table as text.

    >>> print("\\n".join(lines(PublicTable("negation", ("precision", "recall"), (("cues", (0.5, 1.0)),)))))
    negation                             precision    recall
      cues                                   0.500     1.000
    """
    head = f"{table.title:36}" + "".join(f"{name:>10}" for name in table.columns)
    rows = [f"  {name:34}" + "".join(f"{value:10.3f}" for value in values) for name, values in table.rows]
    return [head, *rows]
