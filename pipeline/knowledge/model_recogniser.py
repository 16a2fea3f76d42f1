"""Entities found by any spaCy model, in the place of the terminology's own matches."""

from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.knowledge.concepts import Concept
from pipeline.knowledge.linking import Linker
from pipeline.knowledge.recognise import Found, Recogniser
from pipeline.knowledge.tokens import Tokens
from pipeline.schema import ENTITY_TYPES

__all__ = ["ModelRecogniser", "check_model"]

# A model's entity carries no probability; it stands below the surest and above the least sure of our own matches.
_SCORE = 0.85


def check_model(model: str) -> None:
    """Raises ConfigError where `model` is neither the name nor the folder of an installed spaCy model."""
    from spacy import util

    folder = util.get_package_path(model) if util.is_package(model) else Path(model)
    if not (folder / "meta.json").is_file():  # every model has one, and other packages have none
        raise ConfigError(f"tag.model: no spaCy model {model!r} is installed; pip install it, or leave it empty")


class ModelRecogniser(Recogniser):
    """A recogniser whose places come from a spaCy model, and whose concepts from the terminology."""

    def __init__(self, model: str, behind: Recogniser) -> None:
        """`model`: name or folder of an installed model. Raises ConfigError when there is none of that name."""
        import spacy

        check_model(model)
        super().__init__(behind.terminology)
        self._linker = Linker(behind)
        self._nlp = spacy.load(model)

    def find(
        self, text: str, *, tokens: Tokens | None = None, short_forms: Mapping[str, Concept | None] | None = None
    ) -> list[Found]:
        """The model's entities; those that are neither of our types nor linked to a concept are left out."""
        found = []
        for span in self._nlp(text).ents:
            label = span.label_.lower()
            own = label if label in ENTITY_TYPES else None
            link = self._linker.link(span.text, own, short_forms=short_forms)
            place = (span.start_char, span.end_char, span.text)
            if link:
                concept = (link.concept_id, link.concept_name, link.xrefs)
                found.append(Found(*place, link.entity_type, *concept, "model", _SCORE, link.match_kind))
            elif own:
                found.append(Found(*place, own, None, None, (), "model", _SCORE))
        return found
