"""The spaCy components: as the entry points of the package name them, alone and together."""

import tomllib
from importlib import import_module
from pathlib import Path

import pytest
import spacy
from spacy.language import Language

NAMES = ("claimsieve_terms", "claimsieve_linker", "claimsieve_context")
TEXT = "No fever, but knee and hip pain may follow gout."


@pytest.fixture(scope="module", autouse=True)
def factories() -> None:
    """Register what the entry points name, as spaCy does for an installed package."""
    project = tomllib.loads(Path(__file__).parents[1].joinpath("pyproject.toml").read_text("utf-8"))["project"]
    for name, place in project["entry-points"]["spacy_factories"].items():
        module, _, attribute = place.partition(":")
        if not Language.has_factory(name):
            Language.factory(name, func=getattr(import_module(module), attribute))


@pytest.fixture(scope="module")
def nlp() -> Language:
    nlp = spacy.blank("en")
    for name in NAMES:
        nlp.add_pipe(name)
    return nlp


def test_terms_carry_type_concept_and_context(nlp: Language) -> None:
    doc = nlp(TEXT)
    said = {e.text: (e.label_, e._.concept.concept_name, e._.negated, e._.hedged) for e in doc.ents}
    assert said["fever"] == ("symptom", "fever", True, False)
    assert said["gout"] == ("condition", "gout", False, True)


def test_entities_that_share_a_head_are_in_the_span_group(nlp: Language) -> None:
    doc = nlp(TEXT)
    assert [span.text for span in doc.spans["claimsieve"]][1:3] == ["knee and hip pain", "hip pain"]


def test_entities_of_another_recogniser_are_linked() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"})
    nlp.get_pipe("entity_ruler").add_patterns([{"label": "condition", "pattern": "gout"}])  # type: ignore[attr-defined]
    nlp.add_pipe("claimsieve_linker")
    doc = nlp("Gout hurts, gout lasts.")
    assert [e._.concept.concept_name for e in doc.ents] == ["gout", "gout"]
