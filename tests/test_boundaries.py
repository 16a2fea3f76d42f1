"""Where articles begin: what is counted of words, the model's law of sources, the benchmark's dumps and figures."""

import json
import random
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.joins import joined, rates, read_starts
from pipeline.evaluation.gold import load_pages
from pipeline.evaluation.web_pages import public_articles
from pipeline.models import boundaries
from pipeline.models.boundaries import candidates, with_beginnings
from pipeline.models.boundaries.second import Likely, apart, second_look
from pipeline.models.labeller import load_network, network_of_beginnings, probabilities
from pipeline.schema import KEPT_LABELS, LABELS
from pipeline.text.cohesion import cohesion, places
from pipeline.text.features import PartTable, features, parts_of
from pipeline.text.segments import read_lines
from pipeline.text.words import packed, tokens
from tests.test_clean import CORPUS, score
from tests.test_segments import TEXTS
from training.variants import join_articles, shortened, single_articles

TITLE = LABELS.index("title")


def table(sources: list[str], *, marked: bool = False) -> PartTable:
    parts = parts_of([read_lines(text) for text in sources])[1]
    return replace(parts, factors=[{"title": 1.0}] * len(parts.texts)) if marked else parts


def with_titles(parts: PartTable) -> np.ndarray:
    rows = features(parts)
    chance = np.round(probabilities(rows, parts.source), 4)
    seen = np.round(probabilities(rows, parts.source, network_of_beginnings()), 4)
    return with_beginnings(chance, seen, rows, parts)


@settings(deadline=None, max_examples=40)
@given(st.lists(TEXTS.filter(str.strip), min_size=1, max_size=4))
def test_beginnings_of_a_source_do_not_depend_on_its_company(texts: list[str]) -> None:
    together = with_titles(table(texts))
    assert np.array_equal(together, np.concatenate([with_titles(table([text])) for text in texts]))
    assert np.allclose(together.sum(1), 1, atol=0.01)


def test_sources_with_markup_keep_what_the_labeller_says() -> None:
    parts = table(["Knee pain after running\nRest the knee for some days and cool it."], marked=True)
    rows = features(parts)
    chance = probabilities(rows, parts.source)
    assert np.array_equal(with_beginnings(chance, chance, rows, parts), chance)


def test_of_two_beginnings_with_next_to_no_text_between_the_likelier_stays() -> None:
    score = np.array([1.4, 2.2, 0.8, 0.4, 2.9, -0.1], np.float32)
    place, source = np.array([0, 20, 100, 105, 106, 300]), np.array([0, 0, 0, 0, 1, 1])
    assert apart(score, place, source).tolist() == [False, True, True, False, True, False]


def looked_at_again(texts: list[str], *, lines: list[int] | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
    """The second look at some lines (all that may begin an article), each as likely as its length says."""
    parts = table(texts)
    rows = features(parts)
    chance = np.round(probabilities(rows, parts.source), 4)
    found = candidates(rows, chance, parts)
    part = found.part if lines is None else np.array(lines)
    score = np.array([len(parts.texts[i]) % 7 - 3 for i in part], np.float32)
    count = np.searchsorted(np.sort(found.cells[1]), part)
    first = np.searchsorted(parts.source, parts.source[part])
    likely = Likely(score, part, count - np.searchsorted(np.sort(found.cells[1]), first))
    return second_look(likely, rows, chance, parts, found.cells)


@settings(deadline=None, max_examples=40)
@given(st.lists(TEXTS.filter(str.strip), min_size=1, max_size=4))
def test_the_second_look_at_a_source_does_not_depend_on_its_company(texts: list[str]) -> None:
    together = looked_at_again(texts)[0]
    assert np.array_equal(together, np.concatenate([looked_at_again([text])[0] for text in texts]))


def test_the_second_look_at_lines_without_words_takes_little_memory() -> None:
    """Each stretch would reach over the whole text, its lines times its lines."""
    tracemalloc.start()
    looked_at_again(["A\n" * 5000], lines=[*range(5000)])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200 << 20


def test_the_second_look_tells_a_new_topic_from_a_section() -> None:
    knee = ["Knee pain", "The cartilage of the knee wears down.", "Rest", "Rest the knee, spare the cartilage."]
    tea = ["Green tea", "Steep the tea leaves shortly, leaves give tea its taste."]
    values, names = looked_at_again(["\n".join(knee + tea)], lines=[0, 2, 4])
    alike, own, head = (values[:, names.index(name)] for name in ("alike1", "own_under0", "head_under0"))
    assert alike[1] > 0 == alike[2]
    assert own[2] > 0 and head[2] <= 0


def test_a_headline_without_text_begins_no_article() -> None:
    pages = [page for page in load_pages(CORPUS, "test") if sum(label == "title" for *_, label in page.labels) == 1][
        :12
    ]
    titles = [page.text[start:end] for page in pages for start, end, label in page.labels if label == "title"]
    ended = [f"{page.text.rstrip()}\n\n{title}" for page, title in zip(pages, titles[1:] + titles[:1], strict=True)]
    parts = table(ended)
    last = np.searchsorted(parts.source, np.arange(len(ended)), "right") - 1
    assert (with_titles(parts)[last, TITLE] < 0.5).all()


def test_what_looks_like_a_headline_and_begins_no_article_is_not_dropped_for_it() -> None:
    chance = np.full((2, len(LABELS)), 0.4 / (len(LABELS) - 1))
    chance[:, TITLE] = 0.6
    changed = boundaries._with_title(chance, np.array([0.1, 0.9]))
    dropped = slice(len(KEPT_LABELS), None)
    assert np.allclose(changed.sum(1), 1) and np.allclose(changed[:, TITLE], [0.1, 0.9])
    assert np.allclose(changed[0, dropped], chance[0, dropped])
    assert np.allclose(changed[1, dropped], chance[1, dropped] / 4)


def test_dumps_joined_for_training_hold_each_article_once() -> None:
    articles = [article for page in load_pages(CORPUS, "dev") for article in single_articles(page)]
    dumps = join_articles(articles, articles, random.Random(3))
    assert sorted(name for dump in dumps for name in dump.name.split("+")) == sorted(page.name for page in articles)
    for dump in dumps:
        assert sum(label == "title" for *_, label in dump.labels) == dump.name.count("+") + 1


def test_a_shortened_article_is_its_title_with_a_stretch_of_it() -> None:
    rng = random.Random(5)
    for page in load_pages(CORPUS, "dev")[:20]:
        title, *lines = (single_articles(page)[0]).text.split("\n")
        first, *rest = shortened(single_articles(page)[0], rng).text.split("\n")
        assert first == title
        assert "\n".join(rest).rstrip("\n") in "\n".join(lines) and len(rest) > 3


def test_few_words_cross_the_place_where_the_topic_changes() -> None:
    knee = ["knee cartilage pain", "cartilage wears down, the knee swells", "rest the knee, spare the cartilage"]
    tea = ["green tea leaves", "steep the tea leaves shortly", "leaves give the tea its taste"]
    texts = knee + tea
    source = np.zeros(len(texts), np.int64)
    values, names = cohesion(*places(tokens(packed(texts)), len(texts)), source, np.arange(1, 6))
    crossed = values[:, names.index("crossed_by60")]
    assert crossed.argmin() == 2 and crossed[2] == 0
    assert values[2, names.index("own_begin_long")] == pytest.approx(2 / 3)  # tea and leaves, not green


def test_words_of_lines_that_do_not_count_are_no_links() -> None:
    texts = ["knee pain", "knee doctor", "knee pain again"]
    source = np.zeros(3, np.int64)
    word, part = places(tokens(packed(texts)), 3)
    values, names = cohesion(word[part > 0], part[part > 0], source, np.array([1]))
    assert values[0, names.index("crossed_by60")] == 0
    assert values[0, names.index("own_below60")] == 0.5


def test_joined_dumps_hold_their_articles_with_and_without_blank_lines() -> None:
    articles = [article for page in load_pages(CORPUS, "dev") for article in single_articles(page)]
    spaced, dense = joined(articles, 4)
    for one, other in zip(spaced, dense, strict=True):
        assert "\n\n" in one.text and "\n\n" not in other.text
        assert [label for *_, label in one.labels] == [label for *_, label in other.labels]
        assert 2 <= sum(label == "title" for *_, label in one.labels) <= 12
    assert joined(articles, 4) == (spaced, dense)


def test_the_benchmark_counts_as_the_scorer_does() -> None:
    articles = [article for page in load_pages(CORPUS, "dev") for article in single_articles(page)]
    dumps = joined(articles, 6)[1]
    ours, theirs = rates(read_starts(dumps)), score(dumps).articles
    assert (ours.hit, ours.gold, ours.predicted) == (theirs.hit, theirs.gold, theirs.predicted)
    assert rates([({0, 5, 9}, {0, 5, 7})], inner=True).f1 == 0.5


def test_public_articles_begin_with_their_title_once(tmp_path: Path) -> None:
    (tmp_path / "ground-truth").mkdir()
    texts = ["Rest helps the knee.", "Sore knees\n\nRest helps the knee.", "No article."]
    for i, (kind, text) in enumerate(zip(["article", "article", "forum"], texts, strict=True)):
        page = {"_internal": {"page_type": {"primary": kind}},
                "ground_truth": {"title": "Sore Knees", "main_content": text}}  # fmt: skip
        (tmp_path / "ground-truth" / f"{i}.json").write_text(json.dumps(page), encoding="utf-8")
    pages = public_articles(tmp_path, every=1, first=0)
    assert [page.text.split() for page in pages] == [["Sore", "Knees", "Rest", "helps", "the", "knee."]] * 2
    assert {page.labels for page in pages} == {((0, 10, "title"),)}


def test_what_the_trees_read_is_what_the_labeller_of_before_said() -> None:
    parts = table([page.text for page in load_pages(CORPUS, "test")])
    rows = features(parts)
    before, read = (probabilities(rows, parts.source, network) for network in (
        load_network(CORPUS.parent / "untold.npz"), network_of_beginnings()))  # fmt: skip
    assert np.mean(before.argmax(1) == read.argmax(1)) >= 0.95
    assert np.mean((before[:, TITLE] >= 0.5) == (read[:, TITLE] >= 0.5)) >= 0.99


def test_articles_are_found_in_joined_written_test_pages() -> None:
    articles = [article for page in load_pages(CORPUS, "test") for article in single_articles(page)]
    for dumps in joined(articles, 20):
        assert rates(read_starts(dumps)).f1 >= 0.92
