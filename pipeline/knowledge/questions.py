"""Sentences that ask: what is asked is not said."""

import re

__all__ = ["asks"]

# A verb that begins a question to be answered with yes or no; "What causes gout?" takes its answer for granted, and so
# does what a reader is asked to have heard.
_ASKS = re.compile(
    r"\W*(?:(?:q|question)\b[\W\d]*)?(?:(?:and|but|so|or|then)\s+)?"
    r"(?!\w+(?:n['’]?t)?\s+(?:you|we|anyone|everyone)\s+(?:\w+\s+)?(?:aware|heard?|know|knew|notice[d]?|reali[sz]e[d]?|read|see|seen)\b)"
    r"(?:do|does|did|can|could|is|are|was|were|will|would|should|has|have|may|might|must)(?:n['’]?t)?\s.*[?？]\W*",
    re.IGNORECASE | re.DOTALL,
)
_YES = re.compile(r"\W*(?:yes|indeed|it (?:can|does|is)|they (?:can|do|are))\b", re.IGNORECASE)


def asks(sentence: str, then: str = "") -> bool:
    """Whether a sentence asks if something is so, and what stands behind it, `then`, does not say yes.

    >>> asks("Does coffee cause cancer?"), asks("What causes gout?"), asks("Can it harm? It can.")
    (True, False, False)
    >>> asks("Did you know that smoking causes cancer?"), asks("Can ginger relieve nausea?", " Yes, it can.")
    (False, False)
    """
    return _ASKS.fullmatch(sentence) is not None and _YES.match(then) is None
