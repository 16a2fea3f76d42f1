"""Words as the terminology compares them: lower case, singular, one spelling, hyphen or space alike.

`tokenise(text)` is the only reader of running text in this package; terms, rewrites and cue phrases pass
through the same folding, so that the two sides always meet.
"""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

__all__ = ["PUNCTUATION", "Tokens", "fold", "key_of", "tokenise"]

# A word (apostrophes inside it kept), "St." before a name, a number, or a mark that no term runs across.
# Hyphens and quotes around words are neither: "low-back pain" and "low back pain" are one term.
_TOKEN = re.compile(
    r"(?:St|Mt)\.(?=\s)|[^\W\d_]+(?:['’][^\W\d_]+)*|\d+(?:[.,]\d+)*|\n\s*\n|[.,;:!?()\[\]{}<>|/+=→…•·–—。，；：、！？（）]"
)
PUNCTUATION = frozenset(".,;:!?()[]{}<>|/+=→…•·–—。，；：、！？（）\n")
_WIDE = dict(zip("。，；：、！？（）", ".,;:,!?()", strict=True))

# Plurals that no rule of `fold` forms.
_PLURALS = {
    "vertebrae": "vertebra", "bronchi": "bronchus", "feet": "foot", "teeth": "tooth", "children": "child",
    "women": "woman", "men": "man", "calves": "calf", "knives": "knife", "leaves": "leaf", "thrombi": "thrombus",
    "fungi": "fungus", "bacteria": "bacterium", "viri": "virus", "nuclei": "nucleus", "calculi": "calculus",
    "diagnoses": "diagnosis", "metastases": "metastasis", "stenoses": "stenosis", "prostheses": "prosthesis",
    "psychoses": "psychosis", "neuroses": "neurosis", "thromboses": "thrombosis", "gases": "gas", "lice": "louse",
    "mice": "mouse", "ova": "ovum", "fibulae": "fibula", "tibiae": "tibia", "scapulae": "scapula", "bursae": "bursa",
    "fasciae": "fascia", "papillae": "papilla", "conjunctivae": "conjunctiva", "testes": "testis", "pelves": "pelvis",
    "emboli": "embolus", "fibromata": "fibroma", "lives": "life", "potatoes": "potato", "tomatoes": "tomato",
    "mangoes": "mango", "kiwis": "kiwi", "aches": "ache", "headaches": "headache", "toothaches": "toothache",
    "earaches": "earache", "backaches": "backache", "stomachaches": "stomachache", "bellyaches": "bellyache",
    "heartaches": "heartache", "moustaches": "moustache", "mustaches": "mustache",
    "lenses": "lens", "oocytes": "oocyte", "menses": "menses", "axes": "axis",
}  # fmt: skip
# "UTIs", "CTs": the small s is none of the letters.
_ACRONYMS = re.compile(r"[A-Z][A-Za-z]*[A-Z]s")
# British spelling -> American, by word part; each part stands in no other common word.
_BRITISH = (
    ("haem", "hem"), ("aemia", "emia"), ("aemic", "emic"), ("oedema", "edema"), ("oesoph", "esoph"),
    ("foetus", "fetus"),    ("foetal", "fetal"), ("rrhoea", "rrhea"), ("anaesth", "anesth"), ("paed", "ped"),
    ("gynaec", "gynec"), ("orthopaed", "orthoped"), ("caesar", "cesar"), ("oestr", "estr"),
    ("tumour", "tumor"), ("colour", "color"), ("fibre", "fiber"), ("litre", "liter"), ("centre", "center"),
    ("behaviour", "behavior"), ("odour", "odor"), ("humour", "humor"), ("labour", "labor"), ("vapour", "vapor"),
    ("sulph", "sulf"), ("aluminium", "aluminum"), ("isation", "ization"), ("ising", "izing"), ("yse", "yze"),
    ("coeliac", "celiac"), ("caecum", "cecum"), ("faec", "fec"), ("manoeuv", "maneuv"), ("yoghurt", "yogurt"),
    ("grey", "gray"), ("mould", "mold"), ("ageing", "aging"), ("leucocyt", "leukocyt"), ("leucorrh", "leukorrh"),
    ("chilli", "chili"), ("programme", "program"), ("ischaem", "ischem"), ("therapeutical", "therapeutic"),
    ("goitre", "goiter"), ("hyperaemi", "hyperemi"), ("tyre", "tire"), ("aetiolog", "etiolog"),
    ("dietician", "dietitian"), ("smoulder", "smolder"), ("neurone", "neuron"), ("stye", "sty"),
)  # fmt: skip
_BRITISH_PART = re.compile("|".join(part for part, _ in _BRITISH))
_BRITISH_OF = dict(_BRITISH)
_GREEK = {"α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ω": "omega", "μ": "micro", "κ": "kappa"}

# Full-width letters and digits, small digits below the line and letters of mathematics, as some pages write words; each
# stands for one plain character, so that places stay. Digits above the line are left: 10³ is no 103.
_COMPATIBLE = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\u2080-\u2089\U0001d400-\U0001d7ff]")
_LIGATURES = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}


class Tokens(NamedTuple):
    """The tokens of a text, in parallel lists: folded words (marks as themselves), first code point, end."""

    words: list[str]
    starts: list[int]
    ends: list[int]


@lru_cache(maxsize=1 << 17)
def fold(word: str) -> str:
    """A token as it is compared.

    >>> [fold(w) for w in ["Discs", "Parkinson’s", "haemorrhoids", "biopsies", "pus", "β", "viruses", "UTIs"]]
    ['disc', 'parkinson', 'hemorrhoid', 'biopsy', 'pus', 'beta', 'virus', 'uti']
    """
    if _ACRONYMS.fullmatch(word):
        word = word[:-1]
    low = word.translate(_LIGATURES).lower().replace("’", "'")
    if low.endswith("'s"):
        low = low[:-2]
    low = _GREEK.get(low, low)
    low = _WIDE.get(low, low).removesuffix(".") if len(low) > 1 else _WIDE.get(low, low)
    if low.isspace():
        return "\n"
    low = _PLURALS.get(low, low)
    low = _BRITISH_PART.sub(lambda part: _BRITISH_OF[part.group()], low)
    return _singular(low)


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")) or word in _PLURALS:
        return word
    if word.endswith("ies"):
        return word[:-3] + "y" if len(word) > 4 else word[:-1]
    if word.endswith(("xes", "ches", "shes", "sses", "zzes")):
        return word[:-2]
    if word.endswith("uses") and len(word) > 6 and not word.endswith(("ouses", "auses")):  # viruses, no spouses
        return word[:-2]
    return word[:-1]


def _plain(text: str) -> str:
    """`text`, as long as it was, with compatibility letters and digits as plain ones."""
    return text if text.isascii() else _COMPATIBLE.sub(lambda mark: unicodedata.normalize("NFKC", mark[0]), text)


def tokenise(text: str) -> Tokens:
    """The tokens of `text`; places are code points of `text`, end exclusive.

    >>> tokenise("Low-back pain, knees").words
    ['low', 'back', 'pain', ',', 'knee']
    >>> tokenise("ﬁber, Ｖｉｔａｍｉｎ B₁₂, 10³").words
    ['fiber', ',', 'vitamin', 'b', '12', ',', '10', '³']
    """
    marks = list(_TOKEN.finditer(_plain(text)))
    return Tokens(
        [fold(mark.group()) for mark in marks],
        [mark.start() for mark in marks],
        [mark.end() for mark in marks],
    )


def key_of(term: str) -> str:
    """A term as the terminology's key: its folded words joined by single spaces.

    >>> key_of("Crohn's Diseases"), key_of("x-ray")
    ('crohn disease', 'x ray')
    """
    return " ".join([fold(word) for word in _TOKEN.findall(_plain(term))])
