"""How a claim is meant: denied, doubted, by how much, for whom, who says so, on what evidence.

Cue words and the stretches they offer are data (rules/attributes.json); where they stand relative to the
two arguments is weighed by small logistic regressions (models/attributes.json, fitted on the train part of
the written corpus by training/fit_attributes.py). A claim that no rule speaks of is asserted, not negated,
and has no quantity, qualifier or attribution.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from pipeline.knowledge.reading import Article, Reading, Span
from pipeline.text.sentences import sentences

__all__ = [
    "FIELDS",
    "FLAGS",
    "Attributes",
    "Sentence",
    "attributes_of",
    "flag_features",
    "offer_features",
    "offers",
    "place",
    "read_attributes",
    "sigmoid",
]

FLAGS = ("negation", "hedge")
FIELDS = ("quantity", "qualifier", "attribution")

_HARD_BREAK = re.compile(r"[.;:!?。；…]|\b(?:but|however|although|though|yet|while|whereas)\b", re.I)
# After a comma, a longer stretch or one of these words begins a clause; anything else is a further item of a list.
_ITEM_WORDS = 5
_OPENERS = frozenset({
    "it", "they", "he", "she", "we", "you", "this", "that", "these", "which", "who", "can", "will", "may", "should",
    "must", "is", "are", "has", "have", "do", "does", "so", "then", "also",
})  # fmt: skip
_WORD = re.compile(r"\w+")

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


@dataclass(frozen=True)
class Attributes:
    """What was found; None where nothing is said. cues: the words behind `negated` and `certainty`."""

    negated: bool
    certainty: str
    quantity: str | None
    qualifier: str | None
    attribution: str | None
    evidence_type: str
    cues: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Weights:
    flags: Mapping[str, Mapping[str, float]]
    fields: Mapping[str, Mapping[str, float]]
    thresholds: Mapping[str, float]


def attributes_of(article: Article, reading: Reading) -> Attributes:
    """The attributes of a reading; `negated` and `certainty` as the reader says where it says so."""
    return read_attributes(place(article, reading), reading.negated, reading.certainty)


def read_attributes(claim: Sentence, negated: bool | None = None, certainty: str | None = None) -> Attributes:
    """The attributes of a claim; `negated` and `certainty` as given where they are."""
    denied, denial = flagged("negation", claim)
    if rejected := _verdict(claim.following):
        denied, denial = (not _others_deny(claim), denial) if denied else (True, (f"negation:{rejected}",))
    doubted, doubt = flagged("hedge", claim)
    attribution = picked("attribution", claim)
    negated = denied if negated is None else negated
    certainty = ("hedged" if doubted else "asserted") if certainty is None else certainty
    return Attributes(
        negated=negated,
        certainty=certainty,
        quantity=picked("quantity", claim),
        qualifier=picked("qualifier", claim),
        attribution=attribution,
        evidence_type=evidence_type(claim, attribution),
        cues=(denial if negated else ()) + (doubt if certainty == "hedged" else ()),
    )


def place(article: Article, reading: Reading) -> Sentence:
    """A reading as a `Sentence`."""
    evidence = reading.evidence
    before = article.segments[evidence.segment].text[: evidence.start].rstrip()
    previous = before or _above(article, evidence.segment, ("body",))
    behind = article.segments[evidence.segment].text[evidence.end :]
    spans = sentences(previous)
    return Sentence(
        article.words(evidence),
        _inside(evidence, reading.subject),
        _inside(evidence, reading.object),
        reading.predicate,
        previous[slice(*spans[-1])] if spans else "",
        _above(article, evidence.segment, ("title", "heading")),
        _following(behind),
    )


def _following(behind: str) -> str:
    """The sentence that follows; with its answer where it is a question ("True or false? False.")."""
    spans = sentences(behind)[:2]
    last = -1 if spans and behind[: spans[0][1]].endswith("?") else 0
    return behind[spans[0][0] : spans[last][1]] if spans else ""


def _above(article: Article, segment: int, labels: tuple[str, ...]) -> str:
    """The text of the nearest earlier segment with one of these labels, empty where there is none."""
    earlier = (article.segments[i] for i in range(segment - 1, -1, -1))
    return next((s.text for s in earlier if s.label in labels), "")


def _inside(evidence: Span, span: Span) -> Place | None:
    if span.segment != evidence.segment or span.start < evidence.start or span.end > evidence.end:
        return None
    return span.start - evidence.start, span.end - evidence.start


def _verdict(following: str) -> str:
    """The words of a sentence that calls the claim before it false ("Verdict: false."), empty where it does not."""
    found = next((m for _, pattern in _patterns("verdict") if (m := pattern.search(following))), None)
    return found.group().strip().lower() if found else ""


def _others_deny(claim: Sentence) -> bool:
    """Whether the claim is denied by what others think only ("Many think that it does not help")."""
    first = min((span[0] for span in (claim.subject, claim.object) if span), default=0)
    said = min((end for _, _, end in _cues(claim.text, "believed") if end < first), default=len(claim.text))
    return all(start > said for _, start, _ in _cues(claim.text, "negation"))


def flagged(flag: str, claim: Sentence) -> tuple[bool, tuple[str, ...]]:
    """Whether `negation` or `hedge` holds of the claim, and the cue words in reach, each as flag:words."""
    table = _weights().flags[flag]
    names = flag_features(flag, claim)
    if len(names) <= 2 or sum(table.get(name, 0.0) for name in names) < 0.0:
        return False, ()
    return True, tuple(dict.fromkeys(f"{flag}:{claim.text[a:b].lower()}" for _, a, b in _cues(claim.text, flag)))


def flag_features(flag: str, claim: Sentence) -> list[str]:
    """Names of the features of a flag: each cue group with where it stands, and with the predicate."""
    found = ["bias", f"p={claim.predicate}"]
    for group, start, end in _cues(claim.text, flag):
        where = _where(claim, start, end)
        side, _, gap = where.partition("-")
        after = _WORD.search(claim.text, end)
        found += [
            f"{group}@{where}", f"@{where}", f"{group}@{side}", f"{group}", f"{group}|{claim.predicate}",
            f"{group}+{after.group().lower() if after else '$'}", f"{group}@{side}|{gap[-1:]}",
        ]  # fmt: skip
        if gap[-1:] not in "xc":
            found += [f"{group}|{claim.predicate}|near", f"near|{claim.predicate}"]
    found += [f"heading:{group}" for group, _, _ in _cues(claim.heading, flag)]
    return list(dict.fromkeys(found))


def _where(claim: Sentence, start: int, end: int) -> str:
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
    return str(min(len(_WORD.findall(text)) // 2, 3))


def picked(field: str, claim: Sentence) -> str | None:
    """The likeliest stretch offered as `quantity`, `qualifier` or `attribution`, None where none is likely."""
    weights = _weights()
    table = weights.fields[field]
    best: tuple[float, str] | None = None
    for words, names in offer_features(field, claim):
        value = sum(table.get(name, 0.0) for name in names)
        if best is None or value > best[0]:
            best = value, words
    return best[1] if best and sigmoid(best[0]) >= weights.thresholds[field] else None


def sigmoid(value: float) -> float:
    """Logistic function, safe for any value."""
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, value))))


def offer_features(field: str, claim: Sentence) -> Iterator[tuple[str, list[str]]]:
    """Each stretch offered as `field`, with the names of its features."""
    here = offers(field, claim.text)
    for kind, start, end in here:
        words = claim.text[start:end]
        where = _where(claim, start, end)
        yield words, _offer_names(kind, where, (claim.text[:start], words), claim, len(here))
    if field == "attribution":
        for kind, start, end in offers(field, claim.previous):
            words = claim.previous[start:end]
            yield words, _offer_names(kind, "previous", (claim.previous[:start], words), claim, len(here))


def _offer_names(kind: str, where: str, offer: tuple[str, str], claim: Sentence, n: int) -> list[str]:
    """offer: the text before it, and its words."""
    before = _WORD.findall(offer[0].lower()) or ["^"]
    tokens = _WORD.findall(offer[1].lower()) or [""]
    return [
        "bias", f"k={kind}", f"w={where}", f"{kind}@{where}", f"{kind}|{claim.predicate}", f"p={claim.predicate}",
        f"n={min(n, 5)}", f"len={min(len(tokens), 10)}", f"first={tokens[0]}", f"last={tokens[-1]}",
        f"first2={' '.join(tokens[:2])}", f"before={before[-1]}", f"{kind}|len={min(len(tokens), 10)}",
    ]  # fmt: skip


@lru_cache(maxsize=4096)
def offers(field: str, text: str) -> tuple[tuple[str, int, int], ...]:
    """Stretches of a text that may be a `quantity`, `qualifier` or `attribution`: (kind, start, end)."""
    found: dict[Place, str] = {}
    for kind, pattern in _patterns(field):
        for match in pattern.finditer(text):
            span = match.span("span") if "span" in pattern.groupindex else match.span()
            found.setdefault(_strip(text, *span), kind)
    return tuple((kind, a, b) for (a, b), kind in found.items() if b - a > 1)


def _strip(text: str, start: int, end: int) -> Place:
    words = text[start:end]
    return start + len(words) - len(words.lstrip(" ,")), start + len(words.rstrip(" ,.;:"))


@lru_cache(maxsize=4096)
def _cues(text: str, flag: str) -> tuple[tuple[str, int, int], ...]:
    return tuple((group, *m.span()) for group, pattern in _patterns(flag) for m in pattern.finditer(text))


def evidence_type(claim: Sentence, attribution: str | None) -> str:
    """study, tradition, expert or anecdote by the words of who says it, else none."""
    if attribution is None:
        return "none"
    return next((kind for kind, pattern in _patterns("evidence") if pattern.search(attribution)), "none")


@cache
def _patterns(group: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    rules, parts = _rules()[group], _rules()["parts"]
    return tuple((kind, re.compile(re.sub("<([A-Z]+)>", lambda m: parts[m[1]], p), re.I)) for kind, p in rules.items())


@cache
def _rules() -> Mapping[str, Mapping[str, str]]:
    text = resources.files("pipeline.knowledge").joinpath("rules/attributes.json").read_text(encoding="utf-8")
    rules: Mapping[str, Mapping[str, str]] = {key: value for key, value in json.loads(text).items() if key != "note"}
    return rules


@cache
def _weights() -> _Weights:
    data = json.loads(resources.files("pipeline.models").joinpath("attributes.json").read_text(encoding="utf-8"))
    return _Weights(data["flags"], data["fields"], data["thresholds"])
