"""Cue words of context: what denies, doubts, supposes or dates what stands near, and how far it reaches.

The lexicon is data (rules/cues.json). The method is that of trigger terms with scopes ended by contrast
(Chapman and others, 2001, "A simple algorithm for identifying negated findings and diseases in discharge
summaries"), with its own word lists and an addition for consumer text: a comma ends a scope unless a list goes on
after it.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from itertools import takewhile
from typing import NamedTuple

from pipeline.knowledge.tokens import PUNCTUATION, Tokens, key_of, tokenise

__all__ = ["Cue", "Cues", "cues_in", "find_cues", "is_cue"]

_AND = frozenset({"and", "or", "nor", "/"})
_LISTING = _AND | {","}
# After a comma, one of these opens a new clause: what follows is no further item of a list.
_CLAUSE_OPENERS = frozenset({
    "it", "he", "she", "they", "we", "you", "i", "this", "that", "these", "those", "there", "here", "his", "her",
    "their", "its", "your", "my", "then", "so", "also", "can", "should", "must", "may", "might", "will", "would",
    "is", "are", "was", "were", "has", "have", "had", "do", "does", "did", "if", "when", "after", "before", "to",
    "in", "at", "by", "for", "with", "on", "as", "the", "patient", "please", "even", "just", "which", "thereby",
    "causing", "leading", "making",
})  # fmt: skip
# A list item longer than this (in words), or with one of these verbs in it, is a clause; the last one, which no
# "and" announces, must be shorter still.
_ITEM_WORDS = 5
_LAST_WORDS = 3
_VERBS = frozenset(
    {"is", "are", "was", "were", "can", "could", "will", "would", "may", "might", "has", "have", "should"}
)
# What a sentence says of a noun phrase.
_RELATES = frozenset({
    "cause", "lead", "result", "raise", "increase", "reduce", "trigger", "worsen", "harm", "damage", "transmit",
    "spread", "explain", "explained", "caused", "led", "mean", "make", "contribute", "weaken", "bring", "help",
    "prevent", "treat", "cure", "relieve", "use", "try", "choose", "drink", "eat", "take", "opt", "go", "do", "give",
    "put", "apply", "need",
})  # fmt: skip
# Cues of a noun phrase, which the verb of the sentence ends: "lack of iron causes anemia". So does a "not" before a
# gerund, and one that sets something aside ("bacteria, not stress, cause ulcers").
_NOMINAL = frozenset({"lack of", "absence of", "without", "without any", "instead of", "rather than", "failing to"})
# What stands in the place of these follows the comma: "instead of aspirin, paracetamol".
_REPLACING = frozenset({"instead of", "rather than"})
# Behind one of these a word is a noun: "without the use of insulin".
_BEFORE_NOUNS = frozenset({"the", "a", "an", "any", "its", "your", "further", "known", "of", "to", "and", "or"})


class Cue(NamedTuple):
    """A cue: kind, place of its words, place of what it touches (code points of the text, end exclusive)."""

    kind: str
    start: int
    end: int
    scope: tuple[int, int]
    text: str


class Cues(list[Cue]):
    """The cues of one text, in its order."""

    @cached_property
    def sides(self) -> tuple[tuple[list[int], list[Cue]], ...]:
        """The cues by kind and side of their scope, with the places where each begins, words and scope together.

        A scope ends at the next cue of its kind, so that of one kind and side no two reach over the same place.
        """
        found: defaultdict[tuple[str, bool], list[Cue]] = defaultdict(list)
        for cue in self:
            found[cue.kind, cue.scope[0] < cue.start].append(cue)
        return tuple(([min(cue.start, cue.scope[0]) for cue in side], side) for side in found.values())


class _Rule(NamedTuple):
    kind: str
    scope: str


@dataclass(frozen=True, slots=True)
class _Lexicon:
    """Rules by folded phrase (none: a look-alike); phrase lengths by first word, longest first; ends of scopes."""

    rules: Mapping[str, tuple[_Rule, ...]]
    lengths: Mapping[str, tuple[int, ...]]
    stops: frozenset[str]


class _Hit(NamedTuple):
    """A phrase of the lexicon at tokens `begin` to `end`."""

    begin: int
    end: int
    phrase: str


def find_cues(text: str) -> Cues:
    """The cues of `text` in order, with their scopes.

    >>> [(c.kind, c.text, text[slice(*c.scope)]) for text in ["No fever but cough."] for c in find_cues(text)]
    [('negation', 'No', 'fever')]
    """
    return cues_in(text, tokenise(text))


def cues_in(text: str, tokens: Tokens) -> Cues:
    """`find_cues` for a text that is tokenised already."""
    lexicon = _lexicon()
    hits = _hits(tokens.words, lexicon)
    found = Cues()
    for index, hit in enumerate(hits):
        for rule in lexicon.rules[hit.phrase]:
            for first, last in _scopes(tokens.words, hits, index, rule):
                if first < last:
                    found.append(_cue(text, tokens, hit, rule.kind, (first, last)))
    return found


def is_cue(words: str, kind: str) -> bool:
    """Whether `words` are a cue of a kind, whatever stands beside them.

    >>> is_cue("not", "negation"), is_cue("have", "negation")
    (True, False)
    """
    return any(rule.kind == kind for rule in _lexicon().rules.get(key_of(words), ()))


def _cue(text: str, tokens: Tokens, hit: _Hit, kind: str, scope: tuple[int, int]) -> Cue:
    start, end = tokens.starts[hit.begin], tokens.ends[hit.end - 1]
    return Cue(kind, start, end, (tokens.starts[scope[0]], tokens.ends[scope[1] - 1]), text[start:end])


@cache
def _lexicon() -> _Lexicon:
    data = json.loads(files("pipeline.knowledge").joinpath("rules").joinpath("cues.json").read_text(encoding="utf-8"))
    rules: defaultdict[str, list[_Rule]] = defaultdict(list)
    for row in data["cues"]:
        for phrase in _phrases(row):
            rules[phrase].append(_Rule(row["kind"], row["scope"]))
    for row in data["pseudo"]:
        for phrase in _phrases(row):
            rules[phrase] += ()
    stops = frozenset(key_of(phrase) for phrase in data["stops"].split("|"))
    for phrase in stops:
        rules[phrase] += ()
    lengths: defaultdict[str, set[int]] = defaultdict(set)
    for phrase in rules:
        lengths[phrase.split(" ")[0]].add(phrase.count(" ") + 1)
    ordered = {word: tuple(sorted(found, reverse=True)) for word, found in lengths.items()}
    return _Lexicon({phrase: tuple(dict.fromkeys(found)) for phrase, found in rules.items()}, ordered, stops)


def _phrases(row: Mapping[str, str]) -> Iterator[str]:
    """The folded phrases of a row, each behind each word of `before` where it has them."""
    for word in row.get("before", "").split("|"):
        for phrase in row["words"].split("|"):
            yield key_of(f"{word} {phrase}")


def _hits(words: Sequence[str], lexicon: _Lexicon) -> list[_Hit]:
    """The longest phrases of the lexicon from left to right."""
    hits: list[_Hit] = []
    lengths, rules, free = lexicon.lengths, lexicon.rules, 0
    for at, word in enumerate(words):
        if at < free or word not in lengths:
            continue
        for length in lengths[word]:
            phrase = word if length == 1 else " ".join(words[at : at + length])
            if phrase in rules and at + length <= len(words):
                hits.append(_Hit(at, at + length, phrase))
                free = at + length
                break
    return hits


def _scopes(words: Sequence[str], hits: Sequence[_Hit], index: int, rule: _Rule) -> Iterator[tuple[int, int]]:
    """The stretches of tokens that a cue touches: to its right, its left, or both."""
    hit = hits[index]
    if rule.scope in ("right", "both"):
        limit = next((h.begin for h in hits[index + 1 :] if _ends(h, rule.kind)), len(words))
        aside = hit.phrase in _REPLACING or (hit.phrase == "not" and words[hit.begin - 1 : hit.begin] == [","])
        gerund = hit.phrase == "not" and hit.end < limit and words[hit.end].endswith("ing")
        if aside or gerund or hit.phrase in _NOMINAL:
            limit = _verb(words, hit.end + 1, limit)
        yield hit.end, _reach(words, hit.end, limit, 1, rule.kind == "negation" and not aside)
    if rule.scope in ("left", "both"):
        limit = next((h.end for h in reversed(hits[:index]) if _ends(h, rule.kind)), 0)
        yield _reach(words, hit.begin - 1, limit - 1, -1, False) + 1, hit.begin


def _verb(words: Sequence[str], begin: int, limit: int) -> int:
    """The first token from `begin` on that is the verb of a sentence; `limit` where none is before that."""
    verbs = (at for at in range(begin, limit) if words[at] in _VERBS or words[at] in _RELATES)
    return next((at for at in verbs if words[at - 1] not in _BEFORE_NOUNS), limit)


def _ends(hit: _Hit, kind: str) -> bool:
    """Whether a hit ends an open scope of a kind: contrast does, and a cue of the same kind has its own scope."""
    lexicon = _lexicon()
    return hit.phrase in lexicon.stops or any(rule.kind == kind for rule in lexicon.rules[hit.phrase])


def _reach(words: Sequence[str], begin: int, limit: int, step: int, bare: bool) -> int:
    """From token `begin` towards `limit`: where the clause, or the list that goes on after its commas, ends.

    `bare`: a list may end without "and" or "or" ("no murmurs, gallops, rubs"). To the left, the item that opens the
    sentence belongs to a list that was closed by one ("fever, cough and rash are absent").
    """
    at = begin
    while (limit - at) * step > 0:
        word = words[at]
        if word in PUNCTUATION and word != "/":
            closed = step < 0 and not _AND.isdisjoint(words[at + 1 : begin + 1])
            if word != "," or not _list_goes_on(words, at, step, bare or closed):
                break
        if word == "and" and step > 0 and _clause_follows(words, begin, at):
            break
        at += step
    return at


def _clause_follows(words: Sequence[str], begin: int, conjunction: int) -> bool:
    """Whether clauses, not things, are joined: verbs on both sides ("no cough was heard and fever was high")."""
    if _VERBS.isdisjoint(words[begin:conjunction]):
        return False
    behind = takewhile(lambda word: word not in PUNCTUATION, words[conjunction + 1 :])
    return not _VERBS.isdisjoint(behind)


def _list_goes_on(words: Sequence[str], comma: int, step: int, whole: bool) -> bool:
    """Whether a short item of a list, and no new clause, stands next to the comma (behind it, or before it).

    `whole`: it may be the last one on that side, with no further comma or conjunction.
    """
    at = comma + step
    item = []
    while 0 <= at < len(words) and words[at] not in PUNCTUATION and words[at] not in _AND:
        item.append(words[at])
        at += step
    last = at in (-1, len(words)) or words[at] == "."
    listed = (last and whole and len(item) <= _LAST_WORDS) or (not last and words[at] in _LISTING)
    first = item[-1] if item and step < 0 else item[0] if item else ""
    return listed and len(item) <= _ITEM_WORDS and first not in _CLAUSE_OPENERS and _VERBS.isdisjoint(item)
