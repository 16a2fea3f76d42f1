"""A sample of linked mentions to be judged by hand, and the share that is right.

    python -m training.terminology.sample draw OUT.jsonl [--size 300] [--plain] [--part test] [--pages FOLDER]
                                          [--seed TEXT] [--without EARLIER.jsonl ...]
    python -m training.terminology.sample score FIRST.jsonl [SECOND.jsonl]

`draw` tags the kept lines of the written pages of a part and takes mentions that have a concept, as many of each match
kind as `allot` says, or with --plain so many of all alike, and others than a stratified draw takes first. Which ones is
decided by a hash of page, place, concept and --seed: the same pages and terms give the same sample. Mentions that stand
where one of an earlier sample does (--without) are left out, so that a new one has nothing that terms were mended by.
Each row: page, start and
end (code points of the built page, end exclusive), text, its sentence, entity_type, concept_id, concept_name,
match_kind, stratum (mentions of that kind in the part), and `verdict` and `why`, to be filled in.

A verdict is `right` when a reader of the sentence would say that these words mean that concept, of that type; `wrong`
otherwise: another sense, another concept, a broader or narrower one that changes what is said, cut wrongly so that it
names something else. `why` says what is wrong. Two people judge copies of one sample without seeing each other's.
"""

import argparse
import hashlib
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypedDict

from pipeline.evaluation.gold import GoldPage, load_pages
from pipeline.knowledge.abbreviations import find_short_forms
from pipeline.knowledge.recognise import Recogniser, recogniser
from pipeline.schema import KEPT_LABELS

__all__ = ["Drawing", "Judgement", "allot", "draw", "main", "score"]

Place = tuple[str, int, int]
VERDICTS = ("right", "wrong")
_SENTENCE_END = re.compile(r"(?<=[.!?;。！？])\s+|\n")


class Judgement(TypedDict):
    """One mention and what its judge says of it; see the module's description."""

    page: str
    start: int
    end: int
    text: str
    sentence: str
    entity_type: str
    concept_id: str
    concept_name: str
    match_kind: str
    stratum: int
    verdict: str
    why: str


def allot(sizes: Mapping[str, int], total: int) -> dict[str, int]:
    """How many of each stratum to take: equal shares, what a small one cannot fill going to the others.

    >>> allot({"exact": 900, "composed": 300, "abbreviation": 4}, 30)
    {'abbreviation': 4, 'composed': 13, 'exact': 13}
    """
    left, taken = min(total, sum(sizes.values())), dict.fromkeys(sorted(sizes), 0)
    while left:
        open_ = [kind for kind in taken if taken[kind] < sizes[kind]]
        for kind in open_[: left if left < len(open_) else None]:
            more = min(max(left // len(open_), 1), sizes[kind] - taken[kind])
            taken[kind] += more
        left = min(total, sum(sizes.values())) - sum(taken.values())
    return taken


@dataclass(frozen=True)
class Drawing:
    """How to draw: so many; without strata or with; what decides the lot; places (page, start, end) not to take."""

    size: int
    plain: bool = False
    seed: str = ""
    without: frozenset[Place] = frozenset()


def draw(pages: Sequence[GoldPage], finder: Recogniser, how: Drawing) -> list[Judgement]:
    """Linked mentions of the pages' kept lines, by page and place, verdicts empty."""
    strata: defaultdict[str, list[Judgement]] = defaultdict(list)
    sizes: Counter[str] = Counter()
    for page in pages:
        taken_there = [(start, end) for name, start, end in how.without if name == page.name]
        for row in _mentions(page, finder):
            sizes[row["match_kind"]] += 1
            if not any(row["start"] < end and start < row["end"] for start, end in taken_there):
                strata[row["match_kind"]].append(row)
    lot = partial(_lot, seed=how.seed)
    wanted = allot({kind: len(rows) for kind, rows in strata.items()}, how.size)
    if how.plain:
        taken = sorted((row for rows in strata.values() for row in rows), key=lot)[-how.size :]
    else:
        taken = [row for kind, rows in strata.items() for row in sorted(rows, key=lot)[: wanted[kind]]]
    chosen = [Judgement(**{**row, "stratum": sizes[row["match_kind"]]}) for row in taken]  # type: ignore[typeddict-item]
    return sorted(chosen, key=lambda row: (row["page"], row["start"], row["end"], row["concept_id"]))


def _mentions(page: GoldPage, finder: Recogniser) -> Iterable[Judgement]:
    parts = [(a, b) for a, b, label in page.labels if label in KEPT_LABELS]
    short_forms = find_short_forms((page.text[a:b] for a, b in parts), finder.read)
    for begin, end in parts:
        for found in finder.find(page.text[begin:end], short_forms=short_forms):
            if found.concept_id and found.concept_name:
                start, stop = begin + found.start, begin + found.end
                yield Judgement(
                    page=page.name, start=start, end=stop, text=found.text,
                    sentence=_sentence(page.text, begin, end, start, stop), entity_type=found.entity_type,
                    concept_id=found.concept_id, concept_name=found.concept_name, match_kind=found.match_kind,
                    stratum=0, verdict="", why="",
                )  # fmt: skip


def _sentence(text: str, begin: int, end: int, start: int, stop: int) -> str:
    """The sentence of text[begin:end] around text[start:stop]."""
    first = max((m.end() for m in _SENTENCE_END.finditer(text, begin, start)), default=begin)
    last = min((m.start() for m in _SENTENCE_END.finditer(text, stop, end)), default=end)
    return text[first:last].strip()


def _lot(row: Judgement, *, seed: str = "") -> str:
    key = f"{seed}{row['page']}\x1f{row['start']}\x1f{row['end']}\x1f{row['concept_id']}"
    return hashlib.blake2b(key.encode("utf-8"), digest_size=8).hexdigest()


def score(rows: Sequence[Judgement]) -> dict[str, float]:
    """The share that is right of each match kind, and of `all` mentions: each kind weighs what it weighs in the part.

    Raises ValueError for a row without a verdict.
    """
    by_kind: defaultdict[str, list[Judgement]] = defaultdict(list)
    for row in rows:
        if row["verdict"] not in VERDICTS:
            raise ValueError(f"{row['page']}, {row['start']}: the verdict is {row['verdict']!r}, not one of {VERDICTS}")
        by_kind[row["match_kind"]].append(row)
    shares = {kind: sum(r["verdict"] == "right" for r in found) / len(found) for kind, found in sorted(by_kind.items())}
    weights = {kind: found[0]["stratum"] for kind, found in by_kind.items()}
    overall = sum(shares[kind] * weights[kind] for kind in shares) / max(sum(weights.values()), 1)
    return {**shares, "all": overall}


def _kappa(first: Sequence[Judgement], second: Sequence[Judgement]) -> tuple[float, float]:
    """Agreement of two judges over the mentions both judged, and Cohen's kappa of it."""
    other = {_lot(row): row["verdict"] for row in second}
    pairs = [(row["verdict"], other[_lot(row)]) for row in first if _lot(row) in other]
    n = max(len(pairs), 1)
    same = sum(a == b for a, b in pairs) / n
    ones, twos = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    chance = sum(ones[v] * twos[v] for v in VERDICTS) / n**2
    return same, (same - chance) / (1 - chance) if chance < 1 else 1.0


def _read(path: Path) -> list[Judgement]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _print_scores(paths: Sequence[Path]) -> None:
    judged = [_read(path) for path in paths]
    for path, rows in zip(paths, judged, strict=True):
        counts = Counter(row["match_kind"] for row in rows)
        print(f"{path.name}: {len(rows)} mentions, {sum(r['verdict'] == 'right' for r in rows)} right")
        for kind, share in score(rows).items():
            print(f"  {kind}: {share:.3f}" + (f" of {counts[kind]}" if kind in counts else ", weighted by kind"))
    if len(judged) > 1:
        same, kappa = _kappa(judged[0], judged[1])
        print(f"the judges agree on {same:.3f} of the mentions, kappa {kappa:.2f}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw a sample or score judged ones; exit status 0."""
    parser = argparse.ArgumentParser(prog="python -m training.terminology.sample", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser("draw", help="write a sample with empty verdicts")
    drawing.add_argument("out", type=Path)
    drawing.add_argument("--size", type=int, default=300)
    drawing.add_argument("--plain", action="store_true")
    drawing.add_argument("--part", default="test", choices=("train", "dev", "test"))
    drawing.add_argument("--seed", default="", help="another text gives another sample")
    drawing.add_argument("--without", type=Path, nargs="*", default=[], help="samples whose mentions not to take")
    drawing.add_argument("--pages", type=Path, default=Path(__file__).parents[1] / "corpus")
    scoring = commands.add_parser("score", help="print the share that is right, and how far two judges agree")
    scoring.add_argument("files", type=Path, nargs="+")
    options = parser.parse_args(arguments)
    if options.command == "score":
        _print_scores(options.files)
        return 0
    earlier = frozenset((row["page"], row["start"], row["end"]) for path in options.without for row in _read(path))
    how = Drawing(options.size, plain=options.plain, seed=options.seed, without=earlier)
    rows = draw(load_pages(options.pages, options.part), recogniser(), how)
    options.out.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    print(f"{len(rows)} mentions: {dict(Counter(row['match_kind'] for row in rows))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
