"""Languages of many texts at a time: what py3langid says of each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from pipeline.text.language import languages

PLAIN = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
WORDS = ["back pain", "le dos", "Rücken", "腰痛", "ПОЯСНИЦА", "rest helps", "", " ", "1.", "\ud800", "e\u0301"]


@given(st.lists(st.one_of(st.text(max_size=30), st.lists(st.sampled_from(WORDS)).map(" ".join)), max_size=60))
def test_together_and_alone_as_the_library_says(texts: list[str]) -> None:
    """The last of four digits may differ from the library's, which adds up in another order."""
    found = languages(texts)
    said = [PLAIN.classify(text) for text in texts]
    assert [language for language, _ in found] == [language for language, _ in said]
    assert [score for _, score in found] == pytest.approx([score for _, score in said], abs=2e-4)
    assert [languages([text])[0] for text in texts] == found
