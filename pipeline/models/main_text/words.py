"""What the words in class names, ids, roles and in the text of a page's blocks speak of, as bits.

The groups are the vocabulary of web templates; what each says for or against main text is learnt.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import repeat

import numpy as np
import numpy.typing as npt

__all__ = ["NAME_GROUPS", "SAID_GROUPS", "Vocabulary", "name_words", "said_words"]

Ints = npt.NDArray[np.int64]

NAME_GROUPS = {
    "nav": "nav navbar navigation menu menus submenu megamenu dropdown",
    "bar": "header masthead topbar toolbar bar navbar",
    "footer": "footer bottom colophon contentinfo copyright legal",
    "sidebar": "sidebar aside widget widgets rail complementary secondary",
    "comment": "comment comments disqus reply replies respond discussion",
    "related": "related recommend recommended recommendations trending popular latest recent similar also suggested "
    "readmore upnext",
    "share": "share sharing social addthis sharedaddy follow",
    "letter": "newsletter subscribe subscription signup optin register login signin account",
    "ad": "ad ads advert advertisement advertising promo promotion sponsor sponsored banner cta",
    "path": "breadcrumb breadcrumbs crumb crumbs pagination pager paging",
    "byline": "byline author authors bio avatar contributor reviewer",
    "date": "date time published posted timestamp updated",
    "meta": "meta metadata info tags tag category categories taxonomy label labels",
    "popup": "cookie cookies consent gdpr modal popup overlay lightbox dialog offcanvas tooltip onetrust",
    "content": "content contents articlebody storycontent maincontent main body text prose richtext wysiwyg copy",
    "article": "article post story entry blog single",
    "title": "title headline heading h1 h2 subtitle",
    "caption": "caption credit figcaption figure image img photo gallery",
    "product": "product products price cart shop sku variant description specs specifications features",
    "review": "review reviews rating ratings stars testimonial testimonials",
    "thread": "forum thread topic message messages question answer answers qa",
    "card": "card cards teaser teasers tile tiles item items list listing listings grid results result carousel slider "
    "slide swiper",
    "search": "search filter filters facets sort",
    "button": "button btn link links",
    "hero": "hero intro lead summary excerpt dek standfirst abstract",
    "faq": "faq accordion collapse panel tab tabs toggle",
    "toc": "toc index sitemap outline",
    "hidden": "hidden sr screen visually invisible noscript skip",
    "section": "section container wrapper row column col block module region",
    "table": "table tbl data",
    "form": "form field input select option contact",
    "references": "references reference citation citations footnotes footnote sources bibliography",
}
SAID_GROUPS = {
    "copyright": "© copyright reserved",
    "cookies": "cookie cookies privacy terms gdpr disclaimer",
    "letter": "newsletter subscribe sign login log register email password inbox",
    "share": "share facebook twitter pinterest linkedin whatsapp instagram follow print",
    "comments": "comment comments reply replies leave posted report",
    "related": "related recommended more read popular trending latest recent view learn also next",
    "byline": "by written reviewed author authors updated published min minute",
    "date": "ago january february march april june july august september october november december",
    "advert": "advert advertisement advertising sponsored sponsor affiliate commission",
    "contact": "contact call phone address hours tel",
    "shop": "cart checkout stock shipping sale buy price $ £ €",
    "references": "references sources doi al citation",
    "about": "about us team",
    "photo": "photo image getty shutterstock credit",
    "menu": "home menu search skip back close previous open",
}
_LETTERS = bytes(range(ord("a"), ord("z") + 1))
_SIGNS = "©$£€"
_END = "\0"  # between texts; one inside a text is taken for a blank


class Vocabulary:
    """Words that are looked for in texts, each with the number of its group.

    groups: words in a row. word: the bytes that words are made of. signs: characters that are words by themselves; what
    else is not ASCII counts as `word` says of its bytes in UTF-8.
    """

    def __init__(self, groups: Iterable[str], *, word: bytes = _LETTERS, signs: str = "") -> None:
        # A sign as a byte of its own, which is none of a text's but for control characters.
        self._signs = {sign.encode(): b" %c " % byte for byte, sign in enumerate(_END + signs)}
        known = {w: 1 << group for group, words in enumerate(groups) for w in words.split()} | {_END: -1}
        self._bits = {self._signs.get(w.encode(), w.encode()).strip(b" "): bit for w, bit in known.items()}
        self._table = bytes(byte if byte in word or byte <= len(signs) else 32 for byte in range(256))

    def bits(self, texts: Sequence[str]) -> Ints:
        """For each text, in lower case, the groups of the words in it as bits, the lowest for the first group."""
        joined = _END.join([*texts, ""])
        if joined.count(_END) > len(texts):
            joined = _END.join([text.replace(_END, " ") for text in texts] + [""])
        data = joined.encode("utf-8", "surrogatepass")
        for sign, byte in self._signs.items():
            data = data.replace(sign, byte)
        words = data.translate(self._table).split()
        bits = np.fromiter(map(self._bits.get, words, repeat(0)), np.int64, len(words))
        ends = np.flatnonzero(bits < 0)
        bits[ends] = 0
        return np.bitwise_or.reduceat(bits, np.append(0, ends[:-1] + 1)) if len(ends) else bits


@cache
def name_words() -> Vocabulary:
    """What ids, classes and roles speak of, as bits of `NAME_GROUPS`.

    >>> [group for i, group in enumerate(NAME_GROUPS) if name_words().bits(["post-nav menu"])[0] >> i & 1]
    ['nav', 'article']
    """
    return Vocabulary(NAME_GROUPS.values())


@cache
def said_words() -> Vocabulary:
    """What texts speak of, as bits of `SAID_GROUPS`."""
    return Vocabulary(SAID_GROUPS.values(), signs=_SIGNS)
