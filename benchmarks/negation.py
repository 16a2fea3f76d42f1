"""Negation beside its peers on the public clinical test, negex.tsv (chapmanbe/negex, rsAnnotations).

    python -m benchmarks.negation [--sentences FILE]

Runs this project's cue lexicon and negspacy, if that is installed (`bench` extra; it needs no model), over the rows
whose concept stands in its sentence. What others say of themselves, on the same set: genConText .981, a re-implemented
NegEx .963, negspacy .949, medspaCy .930 F1. scispaCy finds entities, not negation, and needs a model to be fetched: its
documentation gives .843 F1 on BC5CDR, where `make eval` shows this project's figure.
"""

import argparse
import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from pipeline.evaluation.claims import Rate
from pipeline.evaluation.negation import negation_rows, score_negation
from pipeline.evaluation.public import PUBLIC

_Judge = Callable[[str, int, int], bool]


def negspacy() -> _Judge:
    """negspacy on a blank English pipeline with its clinical terms: the concept is given as the one entity."""
    import negspacy.negation  # noqa: F401 - registers the component
    import spacy
    from negspacy.termsets import termset

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("negex", config={"neg_termset": termset("en_clinical").get_patterns()})

    def judge(sentence: str, start: int, end: int) -> bool:
        doc = nlp.get_pipe("sentencizer")(nlp.make_doc(sentence))
        span = doc.char_span(start, end, label="CONCEPT", alignment_mode="expand")
        doc.ents = [span]
        return bool(nlp.get_pipe("negex")(doc).ents[0]._.negex)

    return judge


def score(path: Path, judge: _Judge) -> Rate:
    """Precision, recall and F1 of "negated", as `score_negation` counts them."""
    hits = found = gold = 0
    for concept, sentence, negated in negation_rows(path):
        place = re.search(r"\s+".join(map(re.escape, concept.split())), sentence, re.IGNORECASE)
        if place:
            said = judge(sentence, place.start(), place.end())
            hits, found, gold = hits + (said and negated), found + said, gold + negated
    return Rate(hits, found, gold)


def main() -> None:
    """Read the options and print one table."""
    parser = argparse.ArgumentParser(prog="benchmarks.negation", description=__doc__.split("\n")[0])
    parser.add_argument("--sentences", type=Path, default=PUBLIC / "negex.tsv")
    options = parser.parse_args()
    rows = {"claimsieve": score_negation(options.sentences)}
    if find_spec("negspacy"):
        rows["negspacy"] = score(options.sentences, negspacy())
    print(f"{'negation':12} precision    recall        f1")
    for name, rate in rows.items():
        print(f"{name:12}{rate.precision:10.3f}{rate.recall:10.3f}{rate.f1:10.3f}")


if __name__ == "__main__":
    main()
