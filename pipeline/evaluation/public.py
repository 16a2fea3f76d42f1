"""Public test sets, where a copy of them lies at hand: negation, strength of statements, entities found and linked.

They are no part of this project and are read for their figures alone. A set whose file is missing is left out.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pipeline.evaluation.claims import Rate
from pipeline.evaluation.entities import score_iob, score_linking
from pipeline.evaluation.negation import score_negation
from pipeline.evaluation.statements import advice_level, causal_level, score_sentences
from pipeline.knowledge.recognise import Recogniser
from pipeline.knowledge.terminology import load

__all__ = ["LARGE", "PUBLIC", "PublicTable", "lines", "public_tables"]

# A folder of public sets beside the checkout. None is needed.
PUBLIC = Path("../shared/eval")
# Where `make terminology` writes the large terminology unless told otherwise.
LARGE = Path("data/terminology.parquet")
_PRF = ("precision", "recall", "f1")
_CAUSAL = {"press": "causal_strength_press.csv", "pubmed": "causal_strength_pubmed.csv"}
# What others reach on all of a set, from the papers and baselines that the sets' README names: BERT, linear, lexicon.
_CAUSAL_PEERS = (("BERT", (0.892, 0.883)), ("linear", (0.702, 0.723)), ("lexicon", (0.598, 0.635)))
_ADVICE_PEERS = (("BERT", (0.933,)), ("linear", (0.841,)))
_NEGEX, _BC5CDR, _NCBI = "negex.tsv", "bc5cdr/test.tsv", "ncbi-disease/test.txt"


class PublicTable(NamedTuple):
    """The figures on one public set: a heading, names of the columns, and rows of a name and values (0 to 1)."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[float, ...]], ...]


def public_tables(folder: Path = PUBLIC, *, large: Path = LARGE) -> Iterator[PublicTable]:
    """One table for each set in `folder`: negation, causal strength, advice, entities, links; none where it has none.

    Entities are found with the embedded terminology and, if the file `large` exists, with that one as well.
    """
    if (folder / _NEGEX).is_file():
        yield PublicTable("negation, negex", _PRF, (("cue lexicon", _prf(score_negation(folder / _NEGEX))),))
    yield from _statements(folder)
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


def _statements(folder: Path) -> Iterator[PublicTable]:
    """What the reader's claims tell of sentences it was not made for; peers were trained on the sets."""
    causal = [folder / name for name in _CAUSAL.values()]
    if all(path.is_file() for path in causal):
        ours = tuple(score_sentences([path], causal_level) for path in causal)
        yield PublicTable("causal strength, macro F1", tuple(_CAUSAL), (("claims, every tenth", ours), *_CAUSAL_PEERS))
    advice = sorted(folder.glob("health_advice_*.csv"))
    if advice:
        own = (score_sentences(advice, advice_level),)
        yield PublicTable("health advice, macro F1", ("all",), (("claims, every tenth", own), *_ADVICE_PEERS))


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
