"""When an ambiguous word or a translated variant may be read as a term: the words that must, or must not, be near.

A guard is a row of data (rules/*.json). Each of its lists holds words or phrases of at most `LONGEST` words; an empty
list asks for nothing:

- `left`, `right`: one of them stands directly before (after) the match; `not_left`, `not_right`: none does.
  The mark `^` stands for the start of the text, `$` for its end and `#` for any number.
- `near`, `not_near`: one (none) of them stands in the same sentence, at most `NEAR` tokens away.
- `case`: spellings, letter case included, that are accepted; others are not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from pipeline.errors import ConfigError
from pipeline.knowledge.tokens import Tokens, key_of

__all__ = ["LONGEST", "NEAR", "Guard", "guard_from"]

# Wide enough for a list of symptoms, narrow enough to stay in the thought; a clause of garbled text has 8 to 15 words.
NEAR = 12
LONGEST = 4  # words of a phrase in a guard; "thinking of the government" is as long as they get
_SENTENCE_MARKS = frozenset(".!?\n")


@dataclass(frozen=True, slots=True)
class Guard:
    """Conditions on the tokens around a match; see the module's description. Words are folded keys."""

    left: frozenset[str] = frozenset()
    not_left: frozenset[str] = frozenset()
    right: frozenset[str] = frozenset()
    not_right: frozenset[str] = frozenset()
    near: frozenset[str] = frozenset()
    not_near: frozenset[str] = frozenset()
    case: frozenset[str] = frozenset()

    @property
    def open(self) -> bool:
        """Whether it asks for nothing and only excludes: it lets a term pass that stands alone."""
        return not (self.left or self.right or self.near or self.case)

    def allows(self, text: str, tokens: Tokens, begin: int, end: int) -> bool:
        """Whether tokens `begin` to `end` of `text` may be read as the term."""
        if self.case and text[tokens.starts[begin] : tokens.ends[end - 1]] not in self.case:
            return False
        words = tokens.words
        if (self.left or self.not_left) and not _passes(_before(words, begin), self.left, self.not_left):
            return False
        if (self.right or self.not_right) and not _passes(_after(words, end), self.right, self.not_right):
            return False
        if self.near or self.not_near:
            return _passes(_around(words, begin, end), self.near, self.not_near)
        return True


def guard_from(row: Mapping[str, Sequence[str]], where: str) -> Guard:
    """The guard in a row of data. Raises ConfigError naming `where` for a condition that does not exist, or a phrase
    that is too long to be met."""
    known = [field.name for field in fields(Guard)]
    unknown = sorted(set(row) - set(known))
    if unknown:
        raise ConfigError(f"{where}: guard condition {unknown[0]!r} is unknown; known are: {', '.join(known)}")
    guard = Guard(**{name: frozenset(v if name == "case" else map(_word, v)) for name, v in row.items()})
    for name in (name for name in row if name != "case"):
        for phrase in getattr(guard, name):
            if phrase.count(" ") >= LONGEST:
                raise ConfigError(f"{where}: {name} {phrase!r} has more than {LONGEST} words; shorten it")
    return guard


def _word(phrase: str) -> str:
    return phrase if phrase in ("^", "$", "#") else key_of(phrase)


def _passes(words: set[str], wanted: frozenset[str], unwanted: frozenset[str]) -> bool:
    return not (wanted and words.isdisjoint(wanted)) and words.isdisjoint(unwanted)


def _before(words: list[str], begin: int) -> set[str]:
    """The word before a match, and the two and more words before it."""
    if begin == 0:
        return {"^"}
    return {_number(words[begin - 1]), *(" ".join(words[max(0, begin - n) : begin]) for n in range(1, LONGEST + 1))}


def _after(words: list[str], end: int) -> set[str]:
    if end == len(words):
        return {"$"}
    return {_number(words[end]), *(" ".join(words[end : end + n]) for n in range(1, LONGEST + 1))}


def _number(word: str) -> str:
    return "#" if word[0].isdigit() else word


def _around(words: list[str], begin: int, end: int) -> set[str]:
    first, last = begin, end
    while first > max(0, begin - NEAR) and words[first - 1] not in _SENTENCE_MARKS:
        first -= 1
    while last < min(len(words), end + NEAR) and words[last] not in _SENTENCE_MARKS:
        last += 1
    return {*_phrases(words[first:begin]), *_phrases(words[end:last])}


def _phrases(words: list[str]) -> Iterator[str]:
    yield from words
    for length in range(2, LONGEST + 1):
        yield from map(" ".join, zip(*(words[i:] for i in range(length)), strict=False))
