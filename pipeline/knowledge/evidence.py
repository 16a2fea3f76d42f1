"""A claim in its sentence: where its arguments stand there, and how a stretch of words stands to them.

Cue words, and the stretches that may be details of a claim, are data (rules/attributes.json).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from pipeline.knowledge.reading import Article, Reading, Span
from pipeline.text.sentences import sentences

__all__ = ["FLAGS", "WORD", "Place", "Sentence", "patterns", "place", "verdict", "weights", "where"]

FLAGS = ("negation", "hedge")
"""What may be said of a whole claim: that it is denied, that it is doubted."""
WORD = re.compile(r"\w+")
_HARD_BREAK = re.compile(r"[.;:!?。；…]|\b(?:but|however|although|though|yet|while|whereas)\b", re.I)
# After a comma, a longer stretch or one of these words begins a clause; anything else is a further item of a list.
_ITEM_WORDS = 5
_OPENERS = frozenset({
    "it", "they", "he", "she", "we", "you", "this", "that", "these", "which", "who", "can", "will", "may", "should",
    "must", "is", "are", "has", "have", "do", "does", "so", "then", "also",
})  # fmt: skip
_FAR = 600  # characters on either side of a claim among which the sentences around it are looked for
_KEPT = ("heading", "body")

Place = tuple[int, int]


@dataclass(frozen=True)
class Sentence:
    """A claim as its attributes see it: evidence text, arguments in it (None when elsewhere), predicate.

    previous, following: the sentences around it. heading: the heading above it. Places are code points of `text`.
    """

    text: str
    subject: Place | None
    object: Place | None
    predicate: str
    previous: str = ""
    heading: str = ""
    following: str = ""


def place(article: Article, reading: Reading) -> Sentence:
    """A reading as a `Sentence`."""
    evidence = reading.evidence
    before = article.segments[evidence.segment].text[: evidence.start].rstrip()
    previous = before or _above(article, evidence.segment, ("body",))
    behind = article.segments[evidence.segment].text[evidence.end : evidence.end + _FAR]
    previous = previous[-_FAR:]
    spans = sentences(previous)
    return Sentence(
        article.words(evidence),
        _inside(evidence, reading.subject),
        _inside(evidence, reading.object),
        reading.predicate,
        previous[slice(*spans[-1])] if spans else "",
        _above(article, evidence.segment, ("title", "heading")),
        _following(behind) if behind.strip() else _verdict_below(article, evidence.segment),
    )


def _following(behind: str) -> str:
    """The sentence that follows; with its answer where it is a question ("True or false? False.")."""
    spans = sentences(behind)[:2]
    last = -1 if spans and behind[: spans[0][1]].endswith("?") else 0
    return behind[spans[0][0] : spans[last][1]] if spans else ""


def _verdict_below(article: Article, segment: int) -> str:
    """The first sentence of the next line that is kept, where it is a verdict: fact checks set it on its own line."""
    later = (article.segments[i] for i in range(segment + 1, len(article.segments)))
    first = _following(next((s.text for s in later if s.label in _KEPT), "")[:_FAR])
    return first if verdict(first) else ""


def _above(article: Article, segment: int, labels: tuple[str, ...]) -> str:
    """The text of the nearest earlier segment with one of these labels, empty where there is none."""
    earlier = (article.segments[i] for i in range(segment - 1, -1, -1))
    return next((s.text for s in earlier if s.label in labels), "")


def _inside(evidence: Span, span: Span) -> Place | None:
    if span.segment != evidence.segment or span.start < evidence.start or span.end > evidence.end:
        return None
    return span.start - evidence.start, span.end - evidence.start


def verdict(following: str) -> str:
    """The words of a sentence that calls the claim before it false ("Verdict: false."), empty where it does not."""
    found = next((m for _, pattern in patterns("verdict") if (m := pattern.search(following))), None)
    return found.group().strip().lower() if found else ""


def where(claim: Sentence, start: int, end: int) -> str:
    """Where a stretch stands relative to the arguments: before, between, after, in; x: a contrast or full
    stop lies between it and them, c: a comma does, l: only commas of a list do."""
    for role, span in (("subject", claim.subject), ("object", claim.object)):
        if span and span[0] <= start and end <= span[1]:
            return f"in-{role}"
    spans = sorted(span for span in (claim.subject, claim.object) if span)
    if not spans:
        return "alone"
    side = "before" if end <= spans[0][0] else "after" if start >= max(s[1] for s in spans) else "between"
    if side == "before":
        gap = claim.text[end : spans[0][0]]
    elif side == "after":
        gap = claim.text[max(s[1] for s in spans) : start]
    else:
        gap = claim.text[end : spans[-1][0]]
    order = "" if len(spans) == 1 else "so" if spans[0] == claim.subject else "os"
    return f"{side}-{order}{_gap(gap)}"


def _gap(text: str) -> str:
    if _HARD_BREAK.search(text):
        return "x"
    if "," in text or "，" in text:
        items = [item.split() for item in re.split("[,，]", text)[1:]]
        return "l" if all(len(i) <= _ITEM_WORDS and (not i or i[0].lower() not in _OPENERS) for i in items) else "c"
    return str(min(len(WORD.findall(text)) // 2, 3))


@cache
def patterns(group: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The expressions of a group of rules, by their names."""
    rules, parts = _rules()[group], _rules()["parts"]
    return tuple((kind, re.compile(re.sub("<([A-Z]+)>", lambda m: parts[m[1]], p), re.I)) for kind, p in rules.items())


@cache
def _rules() -> Mapping[str, Mapping[str, str]]:
    text = resources.files("pipeline.knowledge").joinpath("rules/attributes.json").read_text(encoding="utf-8")
    rules: Mapping[str, Mapping[str, str]] = {key: value for key, value in json.loads(text).items() if key != "note"}
    return rules


@cache
def weights() -> Mapping[str, Any]:
    """What cue words and offered stretches weigh: `flags` and `fields` by name, `thresholds` of the fields."""
    text = resources.files("pipeline.models").joinpath("attributes.json").read_text(encoding="utf-8")
    found: Mapping[str, Any] = json.loads(text)
    return found
