"""Short forms that an article defines for itself: "low back pain (LBP)", "LBP (low back pain)".

A short form holds in its article only. Where its long form is no concept the short form is none either, so
that the article's "MS (morning stiffness)" is not read as multiple sclerosis.
"""

import re
from collections.abc import Callable, Iterable

from pipeline.knowledge.concepts import Concept

__all__ = ["find_short_forms"]

_SHORT = r"[A-Z][A-Za-z]?[A-Z0-9-]{1,6}s?"
_LONG_SHORT = re.compile(rf"\(({_SHORT})(?:[;,][^()]*)?\)")
_SHORT_LONG = re.compile(rf"(?<![\w-])({_SHORT}) ?\(([^()]{{5,80}})\)")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_REACH = 120  # characters before a bracket in which a long form may begin
# Words that a short form passes over: "range of motion (ROM)" keeps its o, "disease of the liver (DL)" does not.
_PASSED = frozenset({"of", "the", "and", "in", "for", "with", "a", "to"})

Read = Callable[[str], Concept | None]


def find_short_forms(texts: Iterable[str], read: Read) -> dict[str, Concept | None]:
    """Short forms defined in `texts` (the segments of one article, in order) and what they stand for.

    `read(words)`: the concept a long form names, or None. The first definition in the article wins.

    >>> find_short_forms(["Low back pain (LBP) is common."], lambda words: Concept("X:1", words, "symptom"))
    {'LBP': Concept(curie='X:1', name='Low back pain', entity_type='symptom', xrefs=())}
    """
    forms: dict[str, Concept | None] = {}
    for text in texts:
        if "(" not in text:
            continue
        for mark in _LONG_SHORT.finditer(text):
            short, before = mark.group(1), text[: mark.start()]
            if short in forms:
                continue
            if long := _long_form(before, short):
                forms[short] = read(long)
            elif concept := _loose_concept(before, short, read):
                forms[short] = concept
        for mark in _SHORT_LONG.finditer(text):
            short, long = mark.groups()
            if short not in forms and _long_form(long, short) == long:
                forms[short] = read(long)
    return forms


def _long_form(before: str, short: str) -> str | None:
    """The shortest run of words at the end of `before` whose initials spell `short`; None when there is none."""
    letters = [c.lower() for c in short.removesuffix("s") if c.isalnum()]
    words = list(_WORD.finditer(before))
    for count in range(1, min(len(words), 2 * len(letters)) + 1):
        run = words[-count:]
        if run[0].group()[0].lower() == letters[0] and _spells([w.group().lower() for w in run], letters):
            return before[run[0].start() :].strip()
    return None


def _loose_concept(before: str, short: str, read: Read) -> Concept | None:
    """The concept before a short form of letters inside words or in another order: "phenylketonuria (PKU)".

    Such letters fit many words, so that only a concept's name counts.
    """
    letters = [c.lower() for c in short.removesuffix("s") if c.isalnum()]
    words = list(_WORD.finditer(before[-_REACH:]))
    for count in range(min(len(words), 2 * len(letters)), 0, -1):
        run = [mark.group().lower() for mark in words[-count:]]
        if _holds("".join(run), letters) or sorted(word[0] for word in run if word not in _PASSED) == sorted(letters):
            concept = read(before[-_REACH:][words[-count].start() :].strip())
            if concept is not None:
                return concept
    return None


def _holds(word: str, letters: list[str]) -> bool:
    """Whether `word` begins with the first letter and has the others behind it, in order.

    >>> _holds("phenylketonuria", list("pku")), _holds("ketonuria", list("pku"))
    (True, False)
    """
    rest = iter(word)
    return word.startswith(letters[0]) and all(letter in rest for letter in letters)


def _spells(words: list[str], letters: list[str]) -> bool:
    """Whether each letter begins a word, in order, no content word being passed over.

    >>> _spells(["range", "of", "motion"], list("rom")), _spells(["low", "back", "pain"], list("lp"))
    (True, False)
    """
    if not words or not letters:
        return not letters and all(word in _PASSED for word in words)
    if words[0][0] == letters[0] and _spells(words[1:], letters[1:]):
        return True
    return words[0] in _PASSED and _spells(words[1:], letters)
