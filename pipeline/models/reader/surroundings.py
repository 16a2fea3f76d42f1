"""What else is read around a claim: facts that the network, which scores each pair for itself, does not weigh.

Each function tells one kind of fact as numbers by name; `describe` gives them all. They hold no words: what a claim
is about plays no part.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pipeline.knowledge.predicates import Cue, find_predicates
from pipeline.models.reader.decode import Found
from pipeline.models.reader.windows import Line
from pipeline.text.agreement import bag_f1, content_words

__all__ = ["Page", "describe"]

_Place = tuple[int, int, int]
_Facts = dict[str, float]

_FAR = 20  # lines; further is as good as this
_APART = 4.0  # log words between arguments in two lines, more than between most in one
_LIKELY = 0.15  # score of a claim whose arguments count as such when those between two others are counted
_BETWEEN = {
    "relative": re.compile(r"\b(?:which|that|who)\b"),
    "contrast": re.compile(r"\b(?:but|not|no)\b"),
    "stop": re.compile(r"[;.:。]"),
    "condition": re.compile(r"\b(?:if|when|because|so|thus|thereby)\b"),
}
_AND = re.compile(r"\b(?:and|or)\b")


@dataclass(frozen=True)
class Page:
    """An article's lines and the claims read in it, with what many claims ask for."""

    lines: Sequence[Line]
    claims: Sequence[Found]

    @cached_property
    def sentences(self) -> Mapping[_Place, list[Found]]:
        """The claims by their sentence."""
        found: dict[_Place, list[Found]] = {}
        for claim in self.claims:
            found.setdefault(claim.evidence, []).append(claim)
        return found

    @cached_property
    def by_line(self) -> Mapping[int, list[Found]]:
        """The claims by the line of their sentence."""
        found: dict[int, list[Found]] = {}
        for claim in self.claims:
            found.setdefault(claim.evidence[0], []).append(claim)
        return found

    @cached_property
    def arguments(self) -> Mapping[int, list[_Place]]:
        """The arguments of likely claims by line."""
        found: dict[int, list[_Place]] = {}
        for place in sorted({p for c in self.claims if c.score > _LIKELY for p in (c.subject, c.object)}):
            found.setdefault(place[0], []).append(place)
        return found

    @cached_property
    def above(self) -> Sequence[int | None]:
        """For each line the nearest heading or title before it."""
        found: list[int | None] = []
        last = None
        for index, line in enumerate(self.lines):
            found.append(last)
            last = last if line.label == "body" else index
        return found

    @cached_property
    def mean(self) -> float:
        """Mean score of the article's claims."""
        return sum(claim.score for claim in self.claims) / len(self.claims)

    def words(self, place: _Place) -> str:
        """The text at a place."""
        line, start, end = place
        return self.lines[line].text[start:end]


def describe(page: Page, claim: Found) -> _Facts:
    """All facts about a claim of the page, by name."""
    facts = _scores(claim) | _places(page, claim) | _between(page, claim) | _sentence(page, claim)
    return facts | _rivals(page, claim) | _elsewhere(page, claim) | _cue_facts(page, claim) | _heading(page, claim)


def _logit(probability: float) -> float:
    """Log odds, within what a float32 probability can tell."""
    bounded = min(max(probability, 1e-4), 1 - 1e-4)
    return math.log(bounded / (1 - bounded))


def _scores(claim: Found) -> _Facts:
    relation, subject, object_ = map(_logit, claim.parts)
    weaker = min(subject, object_)
    return {"score": _logit(claim.score), "relation": relation, "subject": subject, "object": object_, "weaker": weaker}


def _inside(place: _Place, sentence: _Place) -> bool:
    return place[0] == sentence[0] and sentence[1] <= place[1] < sentence[2]


def _places(page: Page, claim: Found) -> _Facts:
    subject, object_ = _inside(claim.subject, claim.evidence), _inside(claim.object, claim.evidence)
    both = subject and object_
    outside = claim.object if subject else claim.subject
    kind = None if both else page.lines[outside[0]].label
    return {
        "subject_inside": float(subject),
        "object_inside": float(object_),
        "both_inside": float(both),
        "in_heading_above": float(kind == "heading"),
        "in_title": float(kind == "title"),
        "in_body_before": float(kind == "body"),
        "in_same_line": float(not both and outside[0] == claim.evidence[0]),
        "lines_apart": float(min(abs(claim.subject[0] - claim.object[0]), _FAR)),
        "evidence_is_heading": float(page.lines[claim.evidence[0]].label != "body"),
        "subject_first": float(claim.subject < claim.object),
    }


def _ordered(claim: Found) -> tuple[_Place, _Place]:
    return min(claim.subject, claim.object), max(claim.subject, claim.object)


def _between(page: Page, claim: Found) -> _Facts:
    left, right = _ordered(claim)
    if left[0] != right[0]:
        zero = dict.fromkeys(("commas", "ands", "arguments_between", *_BETWEEN), 0.0)
        return {"words_between": _APART, **zero}
    words = page.lines[left[0]].text[left[2] : right[1]].lower()
    inside = [p for p in page.arguments.get(left[0], ()) if p[1] >= left[2] and p[2] <= right[1]]
    return {
        "words_between": math.log1p(len(words.split())),
        "commas": float(sum(char in ",;:" for char in words)),
        "ands": float(len(_AND.findall(words))),
        "arguments_between": float(len(inside)),
        **{name: float(pattern.search(words) is not None) for name, pattern in _BETWEEN.items()},
    }


def _sentence(page: Page, claim: Found) -> _Facts:
    here = page.sentences[claim.evidence]
    words = page.words(claim.evidence)
    scores = [other.score for other in here]
    subject, object_ = content_words(page.words(claim.subject)), content_words(page.words(claim.object))
    return {
        "sentence_words": math.log1p(len(words.split())),
        "question": float("?" in words or "？" in words),
        "subject_words": float(len(page.words(claim.subject).split())),
        "object_words": float(len(page.words(claim.object).split())),
        "alike": bag_f1(subject, object_),
        "claims": math.log1p(len(here)),
        "claims_sum": math.log1p(sum(scores)),
        "rank": math.log1p(sum(score > claim.score for score in scores)),
        "best": _logit(max(scores)),
        "article_mean": page.mean,
    }


def _overlap(a: _Place, b: _Place) -> bool:
    return a[0] == b[0] and a[1] < b[2] and b[1] < a[2]


def _most(claims: Sequence[Found]) -> float:
    return max((claim.score for claim in claims), default=0.0)


def _rivals(page: Page, claim: Found) -> _Facts:
    """Other claims of the sentence with the same words: coordination if they share the predicate, else a contest."""
    others = [c for c in page.sentences[claim.evidence] if c is not claim]
    subject = [c for c in others if _overlap(c.subject, claim.subject)]
    object_ = [c for c in others if _overlap(c.object, claim.object)]
    links = [min(a.score, b.score) for a in subject for b in object_ if a is not b and _overlap(a.object, b.subject)]
    return {
        "subject_rival": _most(subject),
        "object_rival": _most(object_),
        "subject_rivals": math.log1p(sum(c.score for c in subject)),
        "object_rivals": math.log1p(sum(c.score for c in object_)),
        "subject_alike": _most([c for c in subject if c.predicate == claim.predicate]),
        "object_alike": _most([c for c in object_ if c.predicate == claim.predicate]),
        "same_places": _most([c for c in subject if _overlap(c.object, claim.object)]),
        "reversed": _most(
            [c for c in others if _overlap(c.subject, claim.object) and _overlap(c.object, claim.subject)]
        ),
        "through_another": max(links, default=0.0),
        "subject_is_object": _most([c for c in others if _overlap(c.object, claim.subject)]),
        "object_is_subject": _most([c for c in others if _overlap(c.subject, claim.object)]),
    }


def _elsewhere(page: Page, claim: Found) -> _Facts:
    line = claim.evidence[0]
    beside = [c for at in (line - 1, line + 1) for c in page.by_line.get(at, ())]
    return {
        "beside": math.log1p(sum(c.score for c in beside)),
        "beside_alike": math.log1p(sum(c.score for c in beside if c.predicate == claim.predicate)),
    }


def _cue_facts(page: Page, claim: Found) -> _Facts:
    cues = find_predicates(page.words(claim.evidence))
    facts = {"cue": float(any(c.predicate == claim.predicate for c in cues)), "cues": float(len(cues))}
    left, right = _ordered(claim)
    between: list[Cue] = []
    if left[0] == right[0]:
        begin, end = left[2] - claim.evidence[1], right[1] - claim.evidence[1]
        between = [c for c in cues if begin <= c.start < end]
    own = [c for c in between if c.predicate == claim.predicate]
    forward = claim.subject < claim.object
    return facts | {
        "cues_between": float(len(between)),
        "cue_between": float(bool(own)),
        "cue_other_between": float(len(own) < len(between)),
        "cue_direction": float(any(c.forward == forward for c in own)),
        "cue_first": float(bool(between) and between[0].predicate == claim.predicate),
        "cue_last": float(bool(between) and between[-1].predicate == claim.predicate),
    }


def _heading(page: Page, claim: Found) -> _Facts:
    above = page.above[claim.evidence[0]]
    cues = () if above is None else find_predicates(page.lines[above].text)
    own = any(c.predicate == claim.predicate for c in cues)
    from_it = above is not None and _ordered(claim)[0][0] == above
    return {
        "heading_cue": float(own),
        "heading_other": float(any(c.predicate != claim.predicate for c in cues)),
        "from_heading": float(from_it),
        "from_heading_cue": float(from_it and own),
    }
