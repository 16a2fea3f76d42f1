"""Sentences that ask: what is asked is not said."""

import re

__all__ = ["asks"]

# A verb that begins a question to be answered with yes or no; "What causes gout?" takes its answer for granted.
_ASKS = re.compile(
    r"\W*(?:(?:q|question)\b[\W\d]*)?(?:(?:and|but|so|or|then)\s+)?"
    r"(?:do|does|did|can|could|is|are|was|were|will|would|should|has|have|may|might|must)(?:n['’]?t)?\s.*[?？]\W*",
    re.IGNORECASE | re.DOTALL,
)


def asks(sentence: str) -> bool:
    """Whether a sentence asks if something is so.

    >>> asks("Does coffee cause cancer?"), asks("What causes gout?"), asks("Can it harm? It can.")
    (True, False, False)
    """
    return _ASKS.fullmatch(sentence) is not None
