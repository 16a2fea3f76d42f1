"""What third parties wrote, and what was read from it, made fit to be shown: nothing invisible, verbs in English."""

__all__ = ["phrase", "visible"]

# C0 controls become their pictures (U+2400 and on), but for tab and line feed; a carriage return before a line feed
# is the line's end, not a character to look at. A terminal would obey an escape. What turns the reading direction round
# could show other words than the file holds (Boucher and Anderson, Trojan Source, 2021).
_PICTURES = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)} | {0x7F: 0x2421}
_TURNING = dict.fromkeys((0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD)
_SHOWN = _PICTURES | _TURNING | dict.fromkeys(range(0x80, 0xA0), 0xFFFD)


def visible(text: str) -> str:
    """`text` with what cannot be seen made visible; line ends are line feeds.

    >>> visible("one\\x00two\\r\\nthree\\u202e")
    'one␀two\\nthree�'
    """
    return text.replace("\r\n", "\n").translate(_SHOWN)


def phrase(predicate: str, *, negated: bool = False, hedged: bool = False) -> tuple[str, str]:
    """A predicate as one says it: what comes before the verb (nothing, where it is said outright), and the verb.

    >>> phrase("causes"), phrase("causes", negated=True), phrase("causes", hedged=True)
    (('', 'causes'), ('does not', 'cause'), ('may', 'cause'))
    >>> phrase("risk_factor_for", negated=True), phrase("is_a", negated=True, hedged=True)
    (('is not', 'risk factor for'), ('may not be', 'a'))
    """
    words = predicate.replace("_", " ")
    if not (negated or hedged):
        return "", words
    no = " not" if negated else ""
    if "_" not in predicate:  # a verb in the third person
        return ("may" if hedged else "does") + no, words.removesuffix("s")
    return f"may{no} be" if hedged else f"is{no}", words.removeprefix("is ")
