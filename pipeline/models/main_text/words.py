"""What the words in class names, ids, roles and in the text of a page's blocks speak of, as bits.

The groups are the vocabulary of web templates; what each says for or against main text is learnt.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["NAME_GROUPS", "SAID_GROUPS", "named", "said"]

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
_NAME_BIT = {word: 1 << group for group, words in enumerate(NAME_GROUPS.values()) for word in words.split()}
_SAID_BIT = {word: 1 << group for group, words in enumerate(SAID_GROUPS.values()) for word in words.split()}
_SAID_BIT["\n"] = -1  # parts the texts
_NAME = re.compile(r"[a-z]+")
_WORD = re.compile(r"[a-z]+|[©$£€\n]")


@lru_cache(maxsize=20_000)
def named(name: str) -> int:
    """The groups of `NAME_GROUPS` that the ids, classes and roles of one element speak of, as bits.

    >>> [g for i, g in enumerate(NAME_GROUPS) if named("post-nav menu") >> i & 1]
    ['nav', 'article']
    """
    bits = 0
    for word in _NAME.findall(name):
        bits |= _NAME_BIT.get(word, 0)
    return bits


def said(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    """The groups of `SAID_GROUPS` that each text speaks of, in any case, as bits."""
    words = _WORD.findall("\n".join([*texts, ""]).lower())
    bits = np.array([_SAID_BIT.get(word, 0) for word in words], np.int64)
    ends = np.flatnonzero(bits < 0)
    if len(ends) != len(texts):  # some hold line ends
        return said([text.replace("\n", " ") for text in texts])
    bits[ends] = 0
    return np.bitwise_or.reduceat(bits, np.append(0, ends[:-1] + 1)) if len(ends) else bits
