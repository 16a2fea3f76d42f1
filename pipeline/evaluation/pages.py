"""Score a whole run over labelled pages: each page is written out as a dump and read as a user's would be."""

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.engines.flow import RunOptions, run_stages
from pipeline.evaluation.calibration import ece
from pipeline.evaluation.claims import ClaimScores, ReadClaim, read_claims, score_claims
from pipeline.evaluation.entities import ArgumentCover, PlacedMention, score_arguments
from pipeline.evaluation.gold import GoldPage
from pipeline.evaluation.segments import SegmentScore, score_segments
from pipeline.store import read_table

__all__ = ["PageScores", "figures", "score_cleaning", "score_pages"]

_MENTION_COLUMNS = ["source_path", "raw_start", "raw_end", "entity_type", "concept_id", "match_kind"]
_SEGMENT_COLUMNS = ["source_path", "raw_start", "raw_end", "label", "kept"]


@dataclass(frozen=True)
class PageScores:
    """How well pages were cleaned, their claims read, and the labelled arguments met by mentions.

    terms: by the mentions of the tag stage. mentions: by these and the arguments that the reader added.
    """

    segments: SegmentScore
    claims: ClaimScores
    terms: ArgumentCover
    mentions: ArgumentCover


def score_pages(pages: Sequence[GoldPage], *, workers: int | str | None = None) -> PageScores:
    """Run all stages over `pages` in a temporary folder and score the tables; `workers` as in `RunOptions`."""
    with tempfile.TemporaryDirectory() as folder:
        out = _run(pages, Path(folder), None, workers)
        segments = _segment_score(pages, out)
        claims = _by_page(read_table(out, "claims").to_pylist())
        found = _by_page(read_table(out, "mentions", columns=_MENTION_COLUMNS).to_pylist())
    return PageScores(
        segments=segments,
        claims=score_claims([(read_claims(page), [_read_claim(row) for row in claims[page.name]]) for page in pages]),
        terms=score_arguments(pages, [_placed(found[page.name], terms_alone=True) for page in pages]),
        mentions=score_arguments(pages, [_placed(found[page.name]) for page in pages]),
    )


def score_cleaning(pages: Sequence[GoldPage], *, workers: int | str | None = None) -> SegmentScore:
    """Run `ingest` and `clean` over `pages` in a temporary folder and score the segments; `workers` as above."""
    with tempfile.TemporaryDirectory() as folder:
        return _segment_score(pages, _run(pages, Path(folder), "clean", workers))


def _run(pages: Sequence[GoldPage], folder: Path, upto: str | None, workers: int | str | None) -> Path:
    """Run the stages up to one, None for all, over the pages; gives the folder of the tables."""
    raw, out = folder / "raw", folder / "out"
    raw.mkdir()
    for page in pages:
        (raw / f"{page.name}.txt").write_bytes(page.text.encode("utf-8"))
    run_stages(RunOptions(raw, out, upto=upto, workers=workers))
    return out


def _segment_score(pages: Sequence[GoldPage], out: Path) -> SegmentScore:
    segments = _by_page(read_table(out, "segments", columns=_SEGMENT_COLUMNS).to_pylist())
    starts = _by_page(read_table(out, "documents", columns=["source_path", "raw_start"]).to_pylist())
    return score_segments(
        pages,
        [segments[page.name] for page in pages],
        [[row["raw_start"] for row in starts[page.name]] for page in pages],
    )


def figures(scores: PageScores) -> dict[str, float]:
    """The headline figures by name, between 0 and 1; all but `claims.ece`, an error, are better when higher.

    `claims.ece` is left out where no claim has a confidence.
    """
    segments, claims = scores.segments, scores.claims
    return {
        "segments.covered_once": segments.covered_once,
        "segments.accuracy": segments.accuracy,
        "segments.drop_f1": segments.drop.f1,
        "segments.heading_accuracy": segments.heading_accuracy,
        "articles.f1": segments.articles.f1,
        "claims.strict_precision": claims.strict.precision,
        "claims.strict_recall": claims.strict.recall,
        "claims.strict_f1": claims.strict.f1,
        "claims.lenient_f1": claims.lenient.f1,
        "claims.pair_f1": claims.pair.f1,
        "claims.evidence_f1": claims.evidence.f1,
        **{f"claims.{name}": share for name, share in claims.on_matches.items()},
        "mentions.terms_cover": scores.terms.covered,
        "mentions.terms_link": scores.terms.linked,
        "mentions.cover": scores.mentions.covered,
        "mentions.link": scores.mentions.linked,
        **({"claims.ece": ece(claims.outcomes)} if claims.outcomes else {}),
    }


def _by_page(rows: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    pages: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        pages[row["source_path"].removesuffix(".txt")].append(row)
    return pages


def _placed(rows: Iterable[dict[str, Any]], *, terms_alone: bool = False) -> list[PlacedMention]:
    return [
        PlacedMention(row["raw_start"], row["raw_end"], row["entity_type"], row["concept_id"])
        for row in rows
        if not (terms_alone and row["match_kind"] == "model")
    ]


def _read_claim(row: dict[str, Any]) -> ReadClaim:
    return ReadClaim(
        evidence=(row["evidence_start"], row["evidence_end"]),
        subject=row["subject_text"],
        predicate=row["predicate"],
        object=row["object_text"],
        subject_type=row["subject_type"],
        object_type=row["object_type"],
        negated=row["negated"],
        certainty=row["certainty"],
        confidence=row["confidence"],
    )
