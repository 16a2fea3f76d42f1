"""Whether the text denies a claim, or doubts it.

Two answers are weighed together: cue words by where they stand to the two arguments (a logistic regression,
models/attributes.json, made by training/fit_attributes.py), and a small network that reads the sentence
(`pipeline.models.assertion`), since denials and doubts come in more wordings than a list of words has. A sentence
right behind that calls the claim false denies it, whatever the claim's own sentence says.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from pipeline.knowledge.evidence import FLAGS, WORD, Sentence, patterns, verdict, weights, where
from pipeline.models import assertion

__all__ = ["Assertion", "assertion_of", "cue_odds", "flag_features", "shown"]


_Odds = tuple[float, tuple[str, ...]]
# Log odds by cue words up to which the network is not asked: half as many claims are, and of the labelled ones of real
# and every second of the test pages, and of 825 made-up ones, one is read otherwise, and rightly.
_HOPELESS = -3.0


class Assertion(NamedTuple):
    """Whether a claim is denied, whether it is doubted, and the words that say so, as `negation:does not`."""

    denied: bool
    doubted: bool
    denial: tuple[str, ...]
    doubt: tuple[str, ...]


def assertion_of(claim: Sentence) -> Assertion:
    """How a claim is meant."""
    rejected = verdict(claim.following)
    own = shown(claim)
    cues = {flag: cue_odds(flag, own) for flag in FLAGS}
    said = assertion.log_odds(own) if _open(cues.values()) or _may_say(own, cues.values()) else None
    denied, doubted = (_holds(flag, *cues[flag], said) for flag in FLAGS)
    denial, doubt = (cues[flag][1] for flag in FLAGS)
    if words := _outright(own):
        denied, doubted, denial = True, False, tuple(dict.fromkeys((f"negation:{words}", *denial)))
    if rejected:
        denied, denial = (not _others_deny(claim), denial) if denied else (True, (f"negation:{rejected}",))
    return Assertion(denied, doubted, denial if denied else (), doubt if doubted else ())


def shown(claim: Sentence) -> Sentence:
    """What the network is shown of a claim: of what follows verdicts alone count, and those are read by rules, for it
    would take "This is not a myth." for one; a verdict right before is of another claim."""
    return replace(claim, following="", previous="" if verdict(claim.previous) else claim.previous)


def _holds(flag: str, odds: float, cues: tuple[str, ...], said: tuple[float, float] | None) -> bool:
    return said is not None and assertion.mixed(flag, said[FLAGS.index(flag)], odds, known=bool(cues)) >= 0


def cue_odds(flag: str, claim: Sentence) -> _Odds:
    """The log odds of `negation` or `hedge` by cue words, and these, each as flag:words; 0 where there are none."""
    names = flag_features(flag, claim)
    if len(names) <= 2:
        return 0.0, ()
    table = weights()["flags"][flag]
    words = (f"{flag}:{claim.text[a:b].lower()}" for _, a, b in _cues(claim.text, flag))
    return sum(table.get(name, 0.0) for name in names), tuple(dict.fromkeys(words))


def _outright(claim: Sentence) -> str:
    """The words before a claim that deny it whatever it is ("It is not true that"); empty where another denial stands
    between these and it, or a new clause begins."""
    for _, pattern in patterns("outright"):
        for found in pattern.finditer(claim.text):
            side, _, gap = where(claim, *found.span()).partition("-")
            again = any(start >= found.end() for _, start, _ in _cues(claim.text, "negation"))
            if side == "before" and gap[-1:] not in "xc" and not again:
                return found.group().lower()
    return ""


def _open(cues: Iterable[_Odds]) -> bool:
    return any(words and odds > _HOPELESS for odds, words in cues)


def _may_say(claim: Sentence, cues: Iterable[_Odds]) -> bool:
    """Whether words in or around a sentence without cues may deny or doubt it."""
    suspect = dict(patterns("suspect"))
    around = (claim.heading, claim.previous, claim.following)
    bare = not any(words for _, words in cues)
    return bare and (bool(suspect["within"].search(claim.text)) or any(map(suspect["around"].search, around)))


def _others_deny(claim: Sentence) -> bool:
    """Whether the claim is denied by what others think only ("Many think that it does not help")."""
    first = min((span[0] for span in (claim.subject, claim.object) if span), default=0)
    said = min((end for _, _, end in _cues(claim.text, "believed") if end < first), default=len(claim.text))
    starts = [start for _, start, _ in _cues(claim.text, "negation")]
    return bool(starts) and min(starts) > said


def flag_features(flag: str, claim: Sentence) -> list[str]:
    """Names of the features of a flag: each cue group with where it stands, and with the predicate."""
    found = ["bias", f"p={claim.predicate}"]
    for group, start, end in _cues(claim.text, flag):
        place = where(claim, start, end)
        side, _, gap = place.partition("-")
        after = WORD.search(claim.text, end)
        found += [
            f"{group}@{place}", f"@{place}", f"{group}@{side}", f"{group}", f"{group}|{claim.predicate}",
            f"{group}+{after.group().lower() if after else '$'}", f"{group}@{side}|{gap[-1:]}",
        ]  # fmt: skip
        if gap[-1:] not in "xc":
            found += [f"{group}|{claim.predicate}|near", f"near|{claim.predicate}"]
    found += [f"heading:{group}" for group, _, _ in _cues(claim.heading, flag)]
    return list(dict.fromkeys(found))


@lru_cache(maxsize=4096)
def _cues(text: str, flag: str) -> tuple[tuple[str, int, int], ...]:
    return tuple((group, *m.span()) for group, pattern in patterns(flag) for m in pattern.finditer(text))
