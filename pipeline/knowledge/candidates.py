"""Candidate claims of a passage: pairs of phrases around a deciding word, under a list heading, or at a colon.

Each candidate carries the names of its features; `frames` weighs them. Nothing is decided here.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from pipeline.knowledge.chunks import Phrase, heads, phrases, trim
from pipeline.knowledge.predicates import Cue, find_predicates
from pipeline.knowledge.reading import Article, Passage, Span

__all__ = ["Alternatives", "Argument", "Candidate", "candidates", "cue_words"]

Alternatives = Mapping[str, Sequence[tuple[str, bool]]]
"""Cue words -> (predicate, subject on the left) that they may also stand for."""

_MAX_ROW = 6  # the guideline keeps a list of more to its first six
_PRONOUN = re.compile(r"^\W*(?:and |but |so |also )*(?:it|they|this|these|that|such|he|she)\b", re.I)
_COLON = re.compile(r"[:：|]| [—–-] ")


@dataclass(frozen=True)
class Argument:
    """A phrase that may be an argument, and where it was found (`near`, `row`, `heading`, ...)."""

    span: Span
    place: str


@dataclass(frozen=True)
class Candidate:
    """A possible claim: arguments, predicate, what proposed it, features."""

    subject: Argument
    object: Argument
    predicate: str
    source: str
    cue: Span | None
    features: tuple[str, ...]


@dataclass(frozen=True)
class _Frame:
    id: str
    predicate: str
    item: str
    pattern: re.Pattern[str]


def candidates(passage: Passage, alternatives: Alternatives | None = None) -> Iterator[Candidate]:
    """All candidates of a passage, in a fixed order.

    `alternatives`: what else a cue's words may stand for, as learned from labelled pages.
    """
    text, base = passage.text, passage.sentence.start
    cues = find_predicates(text)
    context = list(_context(passage))
    for cue in cues:
        words = cue_words(text, cue)
        readings = dict.fromkeys([(cue.predicate, cue.forward), *(alternatives or {}).get(words, ())])
        for predicate, forward in readings:
            yield from _around_cue(passage, Cue(cue.start, cue.end, predicate, forward), cues, context)
    yield from _under_frames(passage, cues)
    yield from _at_colon(passage, text, base)


def cue_words(text: str, cue: Cue) -> str:
    """The cue's words in one spelling: lower case, single blanks."""
    return re.sub(r"\W+", " ", text[cue.start : cue.end].lower()).strip()


def _around_cue(passage: Passage, cue: Cue, cues: Sequence[Cue], context: list[Argument]) -> Iterator[Candidate]:
    text = passage.text
    left = _side(passage, text, cue, cues, right=False)
    right = _side(passage, text, cue, cues, right=True)
    pronoun = bool(_PRONOUN.match(text[: cue.start]))
    if not left or pronoun:
        left = left + context
    elif not right:
        right = context
    else:
        left = left + context[:1]
    words = cue_words(text, cue)
    before = text[max(0, cue.start - 12) : cue.start].lower().split()[-1:] or ["^"]
    after = text[cue.end :].lower().split()[:1] or ["$"]
    shared = (
        f"cue={words}|{cue.predicate}|{cue.forward}", f"before={before[0]}", f"after={after[0]}",
        f"pronoun={pronoun}", f"left={bool(left)}", f"label={_label(passage)}",
        f"{cue.predicate}|before={before[0]}", f"{cue.predicate}|after={after[0]}",
        f"question={text.rstrip()[-1:] == '?'}",
    )  # fmt: skip
    where = Span(passage.sentence.segment, passage.sentence.start + cue.start, passage.sentence.start + cue.end)
    for a in left:
        for b in right:
            if a.span == b.span:
                continue
            subject, object_ = (a, b) if cue.forward else (b, a)
            places = (f"places={a.place}|{b.place}", f"{cue.predicate}|{cue.forward}|{a.place}|{b.place}")
            yield Candidate(subject, object_, cue.predicate, f"cue:{words}", where, shared + places)


def _side(passage: Passage, text: str, cue: Cue, cues: Sequence[Cue], *, right: bool) -> list[Argument]:
    """Phrases on one side of a cue: the nearest row, the row after it, each also cut at its preposition."""
    region = (cue.end, len(text)) if right else (0, cue.start)
    others = [c for c in cues if region[0] <= c.start and c.end <= region[1]]
    found = phrases(text, *region)
    rows = sorted({p.row for p in found}, reverse=not right)[:2]
    out: dict[tuple[int, int], str] = {}
    for rank, row in enumerate(rows):
        members = [p for p in found if p.row == row]
        members = members[:_MAX_ROW] if right else members[::-1][:_MAX_ROW]
        for index, phrase in enumerate(members):
            between = sum(c.end <= phrase.start if right else c.start >= phrase.end for c in others)
            place = f"{'R' if right else 'L'}{rank}{'n' if index == 0 else 'c'}{min(between, 2)}"
            for variant, span in _variants(text, phrase, others, right=right):
                out.setdefault(span, place + variant)
            for span in _known(passage, phrase):
                out.setdefault(span, place + "m")
    segment, base = passage.sentence.segment, passage.sentence.start
    return [Argument(Span(segment, base + a, base + b), place) for (a, b), place in out.items()]


def _known(passage: Passage, phrase: Phrase) -> Iterator[tuple[int, int]]:
    """The last known entity inside a phrase, in the sentence's code points."""
    base = passage.sentence.start
    mentions = passage.article.segments[passage.sentence.segment].mentions
    inside = [
        (m.start - base, m.end - base)
        for m in mentions
        if phrase.start <= m.start - base and m.end - base <= phrase.end
    ]
    yield from inside[-1:]


def _variants(text: str, phrase: Phrase, others: list[Cue], *, right: bool) -> Iterator[tuple[str, tuple[int, int]]]:
    inner = [c for c in others if phrase.start < c.end and c.start < phrase.end]
    yield ("w" if inner else ""), (phrase.start, phrase.end)
    parts = [(phrase.start, phrase.end)]
    if inner and right and inner[0].start > phrase.start:
        parts.append(trim(text, phrase.start, inner[0].start))
    elif inner and inner[-1].end < phrase.end:
        parts.append(trim(text, inner[-1].end, phrase.end))
    for index, (a, b) in enumerate(parts):
        if b - a < 2:
            continue
        for short, span in enumerate(heads(text, a, b)):
            yield f"{'i' if index else ''}{'s' if short else ''}", span


def _label(passage: Passage) -> str:
    return passage.article.segments[passage.sentence.segment].label


def _context(passage: Passage) -> Iterator[Argument]:
    """Phrases of the places around a sentence that its missing argument may stand in."""
    for place in ("previous", "lead_in", "heading", "upper", "title"):
        span = getattr(passage, place)
        if span is None or span == passage.sentence:
            continue
        yield from _topics(passage.article, span, place)[:2]


@cache
def _frames() -> tuple[_Frame, ...]:
    text = resources.files("pipeline.knowledge").joinpath("rules/frames.json").read_text(encoding="utf-8")
    return tuple(
        _Frame(row["id"], row["predicate"], row["item"], re.compile(row["pattern"]))
        for row in json.loads(text)["frames"]
    )


# What pages are about, so what a heading's topic most often is.
_TOPIC_TYPES = frozenset({"condition", "symptom"})


def _topics(article: Article, span: Span, place: str) -> list[Argument]:
    """Phrases of a heading, its deciding words taken as gaps: those that name a condition or symptom first,
    then those that name any entity."""
    text = article.words(span)
    edges = [0, *(x for c in find_predicates(text) for x in (c.start, c.end)), len(text)]
    gaps = ((a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b)
    found = [(span.start + p.start, span.start + p.end) for gap in gaps for p in phrases(text, *gap)]
    ranked = []
    for index, (a, b) in enumerate(dict.fromkeys(found)):
        inside = [m for m in article.segments[span.segment].mentions if a <= m.start and m.end <= b]
        rank = 2 if not inside else 1 if _TOPIC_TYPES.isdisjoint(m.entity_type for m in inside) else 0
        ranked.append((rank, index, a, b))
        ranked += [(rank, index, m.start, m.end) for m in inside if rank == 0 and m.entity_type in _TOPIC_TYPES]
    spans = dict.fromkeys(((a, b), rank) for rank, _, a, b in sorted(ranked))
    return [Argument(Span(span.segment, a, b), f"{place}{rank}{min(i, 2)}") for i, ((a, b), rank) in enumerate(spans)]


def _under_frames(passage: Passage, cues: Sequence[Cue]) -> Iterator[Candidate]:
    items = list(_items(passage))
    for place in ("lead_in", "heading", "upper", "title"):
        span = getattr(passage, place)
        if span is None or span == passage.sentence:
            continue
        text = passage.article.words(span)
        topics = _frame_topics(passage.article, span, passage.title)
        for frame in _frames():
            found = frame.pattern.search(text.lower())
            if not found:
                continue
            for topic in topics:
                yield from _pair(frame, place, topic, items, (f"cues={min(len(cues), 3)}", f"label={_label(passage)}"))


def _frame_topics(article: Article, span: Span, title: Span | None) -> list[Argument]:
    found = _topics(article, span, "own")[:3]
    return found if title is None or title == span else found + _topics(article, title, "title")[:2]


def _pair(
    frame: _Frame, place: str, topic: Argument, items: list[Argument], extra: tuple[str, ...]
) -> Iterator[Candidate]:
    for item in items:
        subject, object_ = (item, topic) if frame.item == "subject" else (topic, item)
        features = (
            f"frame={frame.id}|{place}", f"frame={frame.id}|{topic.place}", f"frame={frame.id}|{item.place}",
            f"item={item.place}|{extra[0]}", f"frame={frame.id}|{extra[0]}", *extra,
        )  # fmt: skip
        yield Candidate(subject, object_, frame.predicate, f"frame:{frame.id}", None, features)


def _items(passage: Passage) -> Iterator[Argument]:
    """What a list item names: its first phrases, the whole line where it is short."""
    text, (segment, base, _) = passage.text, passage.sentence
    alone = len(text) == len(passage.article.segments[segment].text.strip())
    whole = trim(text, 0, len(text))
    seen = set()
    if len(text.split()) <= 9 and whole[0] < whole[1]:
        seen.add(whole)
        yield Argument(Span(segment, base + whole[0], base + whole[1]), f"whole{alone}")
    colon = _COLON.search(text)
    stop = colon.start() if colon else len(text)
    for index, phrase in enumerate(phrases(text, 0, stop)[:_MAX_ROW]):
        for short, span in enumerate(heads(text, phrase.start, phrase.end)):
            if span not in seen:
                seen.add(span)
                yield Argument(
                    Span(segment, base + span[0], base + span[1]),
                    f"{'colon' if colon else 'free'}{min(index, 2)}{min(phrase.row, 2)}{'s' if short else ''}{alone}",
                )


def _at_colon(passage: Passage, text: str, base: int) -> Iterator[Candidate]:
    """`Disease: sign, sign` and table rows: what stands before the first colon with each phrase after it."""
    mark = _COLON.search(text)
    if not mark or mark.start() > 60:
        return
    segment = passage.sentence.segment
    head = trim(text, 0, mark.start())
    if head[0] >= head[1]:
        return
    left = Argument(Span(segment, base + head[0], base + head[1]), "colon-head")
    for index, phrase in enumerate(phrases(text, mark.end(), len(text))[:_MAX_ROW]):
        right = Argument(
            Span(segment, base + phrase.start, base + phrase.end), f"colon{min(index, 2)}{min(phrase.row, 2)}"
        )
        for predicate, forward in (("symptom_of", False), ("treats", True), ("causes", True), ("contains", True),
                                   ("improves", True), ("diagnoses", False), ("is_a", False)):  # fmt: skip
            subject, object_ = (left, right) if forward else (right, left)
            features = (f"colon={predicate}", f"colon={predicate}|{right.place}")
            yield Candidate(subject, object_, predicate, "frame:colon", None, features)
