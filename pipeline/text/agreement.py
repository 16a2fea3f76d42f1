"""How far two phrases name the same thing: F1 of their content words, the measure that claims are scored by."""

import re
from collections import Counter

__all__ = ["STOP_WORDS", "agreement", "bag_f1", "content_words"]

# The scorer's list: words that name nothing.
_STOP = """
a an the of in on at to for with and or by from as is are be can may will your their his her its it this that these
those some any such more very also
"""
STOP_WORDS = frozenset(_STOP.split())
_PLURAL = re.compile(r"(?<=\w{3})s$")
_WORD = re.compile(r"[a-z0-9]+")


def content_words(text: str) -> Counter[str]:
    """The words of `text` that name something, lower case, plural s cut; all its words where none does.

    >>> sorted(content_words("the nerves of the leg"))
    ['leg', 'nerve']
    """
    words = [_PLURAL.sub("", word) for word in _WORD.findall(text.lower())]
    return Counter(word for word in words if word not in STOP_WORDS) or Counter(words)


def agreement(a: str, b: str) -> float:
    """F1 of the content words of two phrases, 0 to 1.

    >>> agreement("the lower back pains", "back pain")
    0.8
    """
    return bag_f1(content_words(a), content_words(b))


def bag_f1(a: Counter[str], b: Counter[str]) -> float:
    """F1 of two bags of words, 0 to 1; for phrases that are compared again and again."""
    common = (a & b).total()
    return 2 * common / (a.total() + b.total()) if common else 0.0
