"""Languages of many texts at a time: what py3langid says of each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from pipeline.config import Config, Tag
from pipeline.text.language import UNDETERMINED, languages

PLAIN = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
WORDS = ["back pain", "le dos", "Rücken", "腰痛", "ПОЯСНИЦА", "rest helps", "", " ", "1.", "\ud800", "e\u0301"]


@given(st.lists(st.one_of(st.text(max_size=30), st.lists(st.sampled_from(WORDS)).map(" ".join)), max_size=60))
def test_together_and_alone_as_the_library_says(texts: list[str]) -> None:
    """The last of four digits may differ from the library's, which adds up in another order."""
    found = languages(texts)
    said = [PLAIN.classify(text) for text in texts]
    for (language, _), (likeliest, score) in zip(found, said, strict=True):
        assert language == likeliest if score > 0.5002 else language in (likeliest, UNDETERMINED)
        assert language == UNDETERMINED or score > 0.4998
    assert [score for _, score in found] == pytest.approx([score for _, score in said], abs=2e-4)
    assert [languages([text])[0] for text in texts] == found


@pytest.mark.parametrize(
    "text", ["A colonoscopy detects colon cancer.", "Spinach contains iron.", "Insulin regulates glucose."]
)
def test_what_is_too_short_to_tell_is_read_all_the_same(text: str) -> None:
    [(language, _)] = languages([text])
    assert language == UNDETERMINED
    assert language in Config().tag.languages
    assert language in Config(tag=Tag()).extract.languages


def test_one_setting_says_which_languages_are_tagged_and_read() -> None:
    assert Config(tag=Tag(languages=("de",))).extract.languages == ("de",)
