"""What a claim reader is given and what it hands back.

An `Article` is the kept text of one document: its segments in order, each with the entities found in it.
`passages(article)` cuts it into sentences with their context (title, headings, lead-in, sentence before).
A reader is any function `read(passages) -> list[Reading]`; a `Reading` points at words by `Span`: index of
the segment in the article, then code points of that segment's repaired text, end exclusive.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.text.sentences import sentences

__all__ = ["Argument", "Article", "Finder", "Mention", "Passage", "Reader", "Reading", "Segment", "Span", "passages"]

# A line that announces what follows: "Common causes include:", "as follows", "... the following symptoms".
_LEAD_IN = re.compile(r"(?:[:：]|\b(?:include|includes|including|as follows|are|following)[^.!?]{0,30})\W*$", re.I)


class Span(NamedTuple):
    """Where words stand: segment index in the article, first and one past the last code point of its text."""

    segment: int
    start: int
    end: int


@dataclass(frozen=True)
class Mention:
    """An entity found in a segment: code points of the segment's text, type, concept (None when none fits)."""

    start: int
    end: int
    entity_type: str
    concept_id: str | None = None
    concept_name: str | None = None


@dataclass(frozen=True)
class Segment:
    """One kept stretch of an article: repaired text, label (title, heading or body), entities by start.

    repeated: it stands word for word in another article, so it is context here, and says something new only of what
    stands elsewhere.
    """

    text: str
    label: str
    mentions: tuple[Mention, ...] = ()
    repeated: bool = False


@dataclass(frozen=True)
class Article:
    """The kept segments of one document, in order."""

    segments: tuple[Segment, ...]

    def words(self, span: Span) -> str:
        """The text at `span`."""
        return self.segments[span.segment].text[span.start : span.end]


@dataclass(frozen=True)
class Passage:
    """A sentence that may state claims, and the places its arguments may stand in when not in it."""

    article: Article
    sentence: Span
    title: Span | None
    upper: Span | None
    heading: Span | None
    lead_in: Span | None
    previous: Span | None

    @property
    def text(self) -> str:
        """The sentence's words."""
        return self.article.words(self.sentence)


@dataclass(frozen=True)
class Reading:
    """One claim as a reader saw it; what the reader leaves None is filled in by rules afterwards.

    raw_score: the reader's own score, higher is surer. extractor: the reader's id, which finds its
    calibration. cues: what fired, each as kind:words. cue: where the deciding words stand, if known.
    """

    evidence: Span
    subject: Span
    subject_type: str
    predicate: str
    object: Span
    object_type: str
    raw_score: float
    extractor: str
    cues: tuple[str, ...] = ()
    cue: Span | None = None
    negated: bool | None = None
    certainty: str | None = None


class Argument(NamedTuple):
    """What a reader takes for an argument, in a claim or not; score is its probability."""

    span: Span
    entity_type: str
    score: float


Reader = Callable[[Sequence[Passage]], list[Reading]]
Finder = Callable[[Sequence[Passage]], list[Argument]]


def passages(article: Article) -> list[Passage]:
    """The sentences of `article` in reading order, each with its context."""
    found: list[Passage] = []
    title = upper = heading = lead_in = previous = None
    for index, segment in enumerate(article.segments):
        spans = [Span(index, *s) for s in sentences(segment.text)]
        for span in spans:
            if not segment.repeated:
                found.append(Passage(article, span, title, upper, heading, lead_in, previous))
            if segment.label == "body":
                previous = span
        if not spans:
            continue
        if segment.label == "title":
            title, upper, heading, lead_in, previous = _whole(spans), None, None, None, None
        elif segment.label == "heading":
            upper, heading = (heading if previous is None else upper), _whole(spans)
            lead_in, previous = None, None
        elif _LEAD_IN.search(article.words(spans[-1])):
            lead_in = spans[-1]
        elif len(segment.text) > _LIST_ITEM_CHARS:
            lead_in = None
    return found


# A list item is short; a longer body line ends the reach of the lead-in above it.
_LIST_ITEM_CHARS = 160


def _whole(spans: Sequence[Span]) -> Span:
    return Span(spans[0].segment, spans[0].start, spans[-1].end)
