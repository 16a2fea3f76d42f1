"""Negation beside its peers on the public clinical test, negex.tsv (chapmanbe/negex, rsAnnotations).

    python -m benchmarks.negation [--sentences FILE]

Runs this project's cue lexicon, and negspacy and medspaCy where they are installed, over the rows whose concept stands
in its sentence; neither needs a model. Both are in the `bench` extra, medspaCy from Python 3.12 on: for older ones its
package wants an older spaCy than this project's, though it runs with this one (CONTRIBUTING.md says how). What others
say of themselves, on the same set: genConText .981, a re-implemented NegEx .963, negspacy .949, medspaCy .930 F1. For
finding entities no peer runs as it is installed: scispaCy's recognisers are models to be fetched (its documentation
gives .843 F1 on BC5CDR, where `make eval` shows this project's figure), QuickUMLS reads a licensed UMLS, and medspaCy's
matcher and scispaCy's linker bring no terms.
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


def medspacy() -> _Judge:
    """medspaCy as its `load()` sets it up, tokeniser, sentences and ConText rules: the concept is the one entity."""
    import medspacy
    from loguru import logger

    logger.disable("PyRuSH")  # its sentence splitter tells of every token
    nlp = medspacy.load()

    def judge(sentence: str, start: int, end: int) -> bool:
        doc = nlp.get_pipe("medspacy_pyrush")(nlp.make_doc(sentence))
        doc.ents = [doc.char_span(start, end, label="CONCEPT", alignment_mode="expand")]
        return bool(nlp.get_pipe("medspacy_context")(doc).ents[0]._.is_negated)

    return judge


# By the name of the package that must be there.
PEERS: dict[str, Callable[[], _Judge]] = {"negspacy": negspacy, "medspacy": medspacy}


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
    rows |= {name: score(options.sentences, peer()) for name, peer in PEERS.items() if find_spec(name)}
    print(f"{'negation':12} precision    recall        f1")
    for name, rate in rows.items():
        print(f"{name:12}{rate.precision:10.3f}{rate.recall:10.3f}{rate.f1:10.3f}")


if __name__ == "__main__":
    main()
