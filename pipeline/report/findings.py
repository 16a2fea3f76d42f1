"""What the corpus asserts, and where it contradicts itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.report.rows import columns, one_of
from pipeline.report.words import excerpt

__all__ = ["Dispute", "Relation", "Statement", "disputes", "relations"]

_RELATIONS = 20
_DISPUTES = 12
_STATEMENTS = 3
_MOST_ASSERTED = [
    ("belief", "descending"), ("n_independent", "descending"), ("n_sites", "descending"), ("n_claims", "descending"),
    ("group_id", "ascending"),
]  # fmt: skip


class _Group(TypedDict):
    """What is used of a row of `claim_groups`."""

    group_id: str
    subject_name: str
    predicate: str
    object_name: str
    n_claims: int
    n_sites: int
    n_independent: int
    n_asserted: int
    support: float
    refute: float
    belief: float
    disputed: bool
    contradicts: list[str]
    example_claim_id: str


class _Claim(TypedDict):
    """What is used of a row of `claims`, but for its words."""

    claim_id: str
    group_id: str
    document_id: str
    site: str | None
    source_path: str
    predicate: str
    negated: bool
    certainty: str
    confidence: float | None


_Groups = Mapping[str, _Group]
_Sides = Mapping[tuple[str, bool], list[_Claim]]


@dataclass(frozen=True)
class Statement:
    """One claim in its own words, and who says it."""

    claim_id: str
    words: str
    place: str
    predicate: str
    negated: bool
    hedged: bool
    confidence: float | None


@dataclass(frozen=True)
class Relation:
    """A group of equal claims, with the surest statement of the side that is likelier.

    negated: the pages only deny it. hedged: no page says it outright.
    """

    subject: str
    predicate: str
    object: str
    negated: bool
    hedged: bool
    support: float
    n_independent: int
    n_sites: int
    disputed: bool
    example: Statement | None


@dataclass(frozen=True)
class Dispute:
    """A relation, the best statements for it and the best against it; how many more of each there are.

    against: the probability that the corpus denies it, or asserts what stands against it here, whichever is higher.
    """

    relation: Relation
    against: float
    yes: tuple[Statement, ...]
    no: tuple[Statement, ...]
    n_more_yes: int
    n_more_no: int


def relations(out: Path) -> tuple[tuple[Relation, ...], int]:
    """The relations the corpus asserts most, and how many more there are.

    By belief, then by independent wordings, sites and claims; what is denied more than asserted is left out.
    """
    table = columns(out, "claim_groups", *_Group.__annotations__)
    asserted = table.filter(pc.greater_equal(table.column("support"), table.column("refute")))
    order = pc.sort_indices(asserted, sort_keys=_MOST_ASSERTED)
    best: list[_Group] = asserted.take(order[:_RELATIONS]).to_pylist()
    told = _statements(out, [group["example_claim_id"] for group in best])
    return tuple(_relation(group, told.get(group["example_claim_id"])) for group in best), asserted.num_rows - len(best)


def disputes(out: Path) -> tuple[tuple[Dispute, ...], int]:
    """The relations that are asserted here and denied there, evenest and surest first, and how many more there are.

    Denied: by a negated claim of the same group, or by a group that says the opposite. The flag `disputed` tells
    those where both sides exceed one half. A pair of opposite groups is shown once, with the one that comes first.
    """
    claims = columns(out, "claims", *_Claim.__annotations__)
    groups = _opposable(columns(out, "claim_groups", *_Group.__annotations__), claims)
    sides = _sides(claims.filter(one_of("group_id", groups)).to_pylist())
    shown: set[frozenset[str]] = set()
    found = []
    for group in sorted(groups.values(), key=lambda g: _evenest(g, groups)):
        pairs = {other: frozenset((group["group_id"], other)) for other in group["contradicts"]}
        opposed = [other for other, pair in pairs.items() if pair not in shown]
        yes, no = sides.get((group["group_id"], False), []), _denials(group, opposed, sides)
        if yes and no:
            shown.update(pairs.values())
            found.append((group, _against(group, opposed, groups), yes, no))
    best = found[:_DISPUTES]
    told = _statements(
        out, [row["claim_id"] for *_, yes, no in best for side in (yes, no) for row in side[:_STATEMENTS]]
    )
    return tuple(
        Dispute(
            _relation(group, None),
            against,
            tuple(told[row["claim_id"]] for row in yes[:_STATEMENTS]),
            tuple(told[row["claim_id"]] for row in no[:_STATEMENTS]),
            max(0, len(yes) - _STATEMENTS),
            max(0, len(no) - _STATEMENTS),
        )
        for group, against, yes, no in best
    ), len(found) - len(best)


def _opposable(table: pa.Table, claims: pa.Table) -> _Groups:
    """The groups that contradict another one, are contradicted, or have a negated claim."""
    opposed = table.filter(pc.greater(pc.list_value_length(table.column("contradicts")), 0))
    wanted = {
        *opposed.column("group_id").to_pylist(),
        *pc.list_flatten(opposed.column("contradicts")).to_pylist(),
        *claims.filter(claims.column("negated")).column("group_id").to_pylist(),
    }
    rows: list[_Group] = table.filter(one_of("group_id", wanted)).to_pylist()
    return {row["group_id"]: row for row in rows}


def _against(group: _Group, opposed: Iterable[str], groups: _Groups) -> float:
    return max([group["refute"], *(groups[other]["support"] for other in opposed)])


def _evenest(group: _Group, groups: _Groups) -> tuple[bool, float, float, str]:
    weaker = min(group["support"], _against(group, group["contradicts"], groups))
    return not group["disputed"], -weaker, -group["support"], group["group_id"]


def _surest(row: _Claim) -> tuple[bool, float, str]:
    return row["confidence"] is None, -(row["confidence"] or 0.0), row["claim_id"]


def _sides(rows: Iterable[_Claim]) -> _Sides:
    """(group, negated) -> the surest claim of each article, surest first: one article does not speak for all."""
    sides: dict[tuple[str, bool], dict[str, _Claim]] = {}
    for row in sorted(rows, key=_surest):
        sides.setdefault((row["group_id"], row["negated"]), {}).setdefault(row["document_id"], row)
    return {key: list(articles.values()) for key, articles in sides.items()}


def _denials(group: _Group, opposed: Iterable[str], sides: _Sides) -> list[_Claim]:
    opposites = [row for other in opposed for row in sides.get((other, False), [])]
    return sorted([*sides.get((group["group_id"], True), []), *opposites], key=_surest)


def _statements(out: Path, claim_ids: Sequence[str]) -> dict[str, Statement]:
    wanted = one_of("claim_id", claim_ids)
    rows: list[_Claim] = columns(out, "claims", *_Claim.__annotations__, where=wanted).to_pylist()
    words = columns(out, "claims", "evidence_text", where=wanted)
    return {
        row["claim_id"]: Statement(
            claim_id=row["claim_id"],
            words=excerpt(text),
            place=excerpt(f"{row['site']}, {row['source_path']}" if row["site"] else row["source_path"], 100),
            predicate=row["predicate"],
            negated=row["negated"],
            hedged=row["certainty"] == "hedged",
            confidence=row["confidence"],
        )
        for row, text in zip(rows, words.column("evidence_text").to_pylist(), strict=True)
    }


def _relation(group: _Group, example: Statement | None) -> Relation:
    negated = example is not None and example.negated
    return Relation(
        subject=excerpt(group["subject_name"], 80),
        predicate=group["predicate"],
        object=excerpt(group["object_name"], 80),
        negated=negated,
        hedged=example.hedged if example and negated else not group["n_asserted"],
        support=group["support"],
        n_independent=group["n_independent"],
        n_sites=group["n_sites"],
        disputed=group["disputed"],
        example=example,
    )
