"""clean: sources tiled by segments, split as you like, articles found, quality on pages never trained on."""

import random
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import Clean
from pipeline.evaluation.gold import GoldPage, load_dumps, load_pages, writer_of
from pipeline.evaluation.segments import SegmentScore, score_segments
from pipeline.schema import KEPT_LABELS, TABLES
from pipeline.stages.clean import CLEAN
from pipeline.text.align import to_raw
from tests.test_segments import TEXTS

ROOT = Path(__file__).parent.parent
CORPUS, SEGMENTS = ROOT / "training" / "corpus", ROOT / "training" / "segments"
SHARED = ROOT.parent / "shared"


def texts_table(texts: list[str]) -> pa.Table:
    rows = [
        {"source_id": f"s{i}", "source_path": f"{i}.txt", "record": 0, "url": None, "format": "txt", "text": text}
        for i, text in enumerate(texts)
    ]
    return pa.Table.from_pylist(rows, schema=TABLES["texts"].schema)


def clean(texts: list[str], config: Clean | None = None) -> dict[str, pa.Table]:
    return CLEAN.run({"texts": texts_table(texts)}, config or Clean())


def score(pages: list[GoldPage], config: Clean | None = None) -> SegmentScore:
    out = clean([page.text for page in pages], config)
    rows: dict[str, list] = {f"{i}.txt": [] for i in range(len(pages))}
    starts: dict[str, list] = {name: [] for name in rows}
    for row in out["segments"].to_pylist():
        rows[row["source_path"]].append(row)
    for row in out["documents"].to_pylist():
        starts[row["source_path"]].append(row["raw_start"])
    return score_segments(pages, rows.values(), starts.values())


@settings(deadline=None, max_examples=60)
@given(TEXTS)
def test_segments_tile_the_source(text: str) -> None:
    out = clean([text])
    times = [0] * len(text)
    for row in out["segments"].to_pylist():
        raw = text[row["raw_start"] : row["raw_end"]]
        assert raw and raw == raw.strip()
        for i in range(row["raw_start"], row["raw_end"]):
            times[i] += 1
        assert row["kept"] == (row["label"] in KEPT_LABELS)
        if row["alignment"] is None:
            assert row["text"] == raw
    assert all(times[i] == 1 for i, char in enumerate(text) if not char.isspace())
    assert (out["documents"].num_rows > 0) == bool(text.strip())


@settings(deadline=None, max_examples=30)
@given(st.lists(TEXTS, min_size=1, max_size=4), st.integers(0, 4))
def test_sources_are_cleaned_alike_alone_and_together(texts: list[str], cut: int) -> None:
    table = texts_table(texts)
    whole = CLEAN.run({"texts": table}, Clean())
    halves = [CLEAN.run({"texts": part}, Clean()) for part in (table.slice(0, cut), table.slice(cut))]
    for name in CLEAN.outputs:
        assert whole[name].to_pylist() == [row for half in halves for row in half[name].to_pylist()]


def test_a_long_source_is_cleaned_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    import pipeline.stages.clean as stage

    page = load_pages(CORPUS, "dev")[0]
    monkeypatch.setattr(stage, "_BLOCK", 7)
    rows = clean([page.text, page.text])["segments"].to_pylist()
    assert [row["raw_start"] for row in rows[: len(rows) // 2]] == [row["raw_start"] for row in rows[len(rows) // 2 :]]


@pytest.mark.parametrize("block", [1, 3])
def test_rows_do_not_depend_on_which_blocks_are_labelled_together(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    import pipeline.stages.clean as stage

    texts = [page.text for page in load_pages(CORPUS, "test")[:8]]
    monkeypatch.setattr(stage, "_BLOCK", block)
    monkeypatch.setattr(stage, "_TOGETHER", 3 * block)
    together = clean(texts)["segments"].to_pylist()
    alone = [
        row
        for i in range(len(texts))
        for row in CLEAN.run({"texts": texts_table(texts).slice(i, 1)}, Clean())["segments"].to_pylist()
    ]
    assert together == alone


def test_documents_say_language_title_and_what_was_kept() -> None:
    page = next(page for page in load_pages(CORPUS, "test") if page.name == "w7-p11")
    out = clean([page.text])
    document = out["documents"].to_pylist()[0]
    assert document["language"] == "en" and document["language_score"] > 0.9
    assert document["title"] and document["title"] in page.text
    segments = [row for row in out["segments"].to_pylist() if row["document_id"] == document["document_id"]]
    solid = sum(len("".join(row["text"].split())) for row in segments)
    assert document["n_chars_kept"] + document["n_chars_dropped"] == solid


def test_a_german_page_is_known_as_german() -> None:
    german = (
        "Rückenschmerzen entstehen oft durch langes Sitzen. Bewegung hilft den meisten Menschen gegen die Beschwerden."
    )
    assert clean([german])["documents"].to_pylist()[0]["language"] == "de"


def test_a_call_in_brackets_is_cut_out_of_its_sentence() -> None:
    call = '(search "seaside-clinic9" on WeChat for more)'
    text = f"Why the knee swells\n\nThe Seaside Paper {call} asked three doctors how the knee is best kept warm.\n"
    segments = clean([text])["segments"].to_pylist()
    dropped = [(row["text"], row["label"], row["reason"]) for row in segments if not row["kept"]]
    assert dropped == [(call, "cta", "rule:channel-search")]
    assert "asked three doctors how the knee is best kept warm." in [row["text"] for row in segments if row["kept"]]


def test_a_threshold_of_one_drops_next_to_nothing() -> None:
    page = load_pages(CORPUS, "dev")[0]
    table = {"texts": texts_table([page.text])}
    strict = CLEAN.run(table, Clean())["segments"]
    lax = CLEAN.run(table, Clean(drop_threshold=1.0))["segments"]
    assert sum(strict["kept"].to_pylist()) < sum(lax["kept"].to_pylist())


@dataclass(frozen=True)
class Pages:
    folder: Path
    part: str
    writers: range

    def load(self) -> list[GoldPage]:
        pages = load_pages(self.folder, self.part)
        return [page for page in pages if writer_of(page.name) in self.writers]


# Floors a little under the figures of second_opinion/CARD.md, so that a later change cannot lose them unseen. Pages w48
# and later were written to be hard: promotions that read like articles. Of the last six rows no training knows the
# writers; clean.drop_threshold was chosen on the first two of them, rules were written with the last three in view.
@pytest.mark.parametrize(
    ("pages", "drop", "labels", "articles"),
    [
        (Pages(CORPUS, "test", range(1, 24)), 0.95, 0.96, 0.91),
        (Pages(CORPUS, "test", range(24, 48)), 0.93, 0.95, 0.96),
        (Pages(CORPUS, "test", range(48, 52)), 0.8, 0.84, 0.64),
        (Pages(CORPUS, "dev", range(1, 24)), 0.92, 0.94, 0.87),
        (Pages(SEGMENTS, "test", range(68, 74)), 0.88, 0.92, 0.82),
        (Pages(SEGMENTS, "test", range(88, 102)), 0.91, 0.93, 0.61),
        (Pages(SEGMENTS, "test", range(219, 235)), 0.945, 0.975, 0.955),
        (Pages(SEGMENTS, "test", range(235, 240)), 0.935, 0.905, 0.9),
        (Pages(SEGMENTS, "test", range(240, 248)), 0.905, 0.92, 0.84),
        (Pages(SEGMENTS, "test", range(248, 251)), 0.9, 0.905, 0.83),
    ],
)
def test_quality_on_written_pages_not_trained_on(pages: Pages, drop: float, labels: float, articles: float) -> None:
    result = score(pages.load())
    assert result.covered_once == 1.0
    assert result.drop.f1 >= drop
    assert result.accuracy >= labels
    assert result.articles.f1 >= articles


def test_articles_are_found_in_joined_dumps() -> None:
    from training.variants import join_pages

    pages = load_pages(CORPUS, "test") + load_pages(CORPUS, "dev")
    assert score(join_pages(pages, random.Random(0))).articles.f1 >= 0.9


@pytest.mark.skipif(not SHARED.exists(), reason="the real pages stay outside the project")
def test_quality_on_real_pages() -> None:
    gold = SHARED / "gold" / "dev"
    result = score(load_dumps(SHARED / "raw", gold / "labels", gold / "claims"))
    assert result.covered_once == 1.0
    assert result.accuracy >= 0.975
    assert result.drop.f1 >= 0.96
    assert result.articles.f1 >= 0.95


def clean_page(page: str) -> dict[str, pa.Table]:
    rows = [{"source_id": "s", "source_path": "a.html", "record": 0, "url": None, "format": "html", "text": page}]
    return CLEAN.run({"texts": pa.Table.from_pylist(rows, schema=TABLES["texts"].schema)}, Clean())


def test_html_is_tiled_by_blocks_and_markup() -> None:
    page = (
        "<html><head><title>Knee pain | Site</title></head><body><nav><a href='/'>Home</a> <a href='/a'>News</a></nav>"
        "<h1>Knee&nbsp;pain</h1><p>Rest <b>eases</b> the pain of the knee &amp; lets the swelling go down soon.</p>"
        "<script>var x = 1;</script></body></html>"
    )
    out = clean_page(page)
    segments = out["segments"].to_pylist()
    times = [0] * len(page)
    for row in segments:
        for i in range(row["raw_start"], row["raw_end"]):
            times[i] += 1
        if row["alignment"] is None:
            assert row["text"] == page[row["raw_start"] : row["raw_end"]]
    assert all(times[i] == 1 for i, char in enumerate(page) if not char.isspace())
    labels = {row["text"]: row["label"] for row in segments}
    assert labels["Knee\xa0pain"] == "title"
    assert labels["Rest eases the pain of the knee & lets the swelling go down soon."] == "body"
    assert all(not row["kept"] for row in segments if row["reason"] == "markup")
    assert out["documents"].num_rows == 1


def test_a_menu_of_html_is_one_segment() -> None:
    entries = ["Home", "Knees &amp; hips", "Caf&eacute; \u2013 news", "Contact <b>us</b>", "FAQ"]
    menu = "".join(f"<li><a href='/{i}'>{entry}</a></li>\n" for i, entry in enumerate(entries))
    words = "Rest eases the pain of the knee, and ice lets the swelling go down soon, say many doctors."
    page = (
        f"<html><body><nav><ul>{menu}</ul></nav><article><h1>Knee pain</h1><p>{words}</p><p>{words}</p></article>"
        f"<footer><ul>{menu}</ul></footer></body></html>"
    )
    segments = clean_page(page)["segments"].to_pylist()
    above, below = (row for row in segments if row["text"].startswith("Home"))
    assert (above["label"], below["label"]) == ("nav", "legal")
    for row, at in ((above, page.index("Home")), (below, page.rindex("Home"))):
        assert row["text"] == "Home\nKnees & hips\nCafé \u2013 news\nContact us\nFAQ"
        assert (row["raw_start"], row["raw_end"]) == (at, page.index("FAQ", at) + len("FAQ"))
        for word, written in (
            ("Knees & hips", "Knees &amp; hips"),
            ("Café", "Caf&eacute;"),
            ("us", "us"),
            ("FAQ", "FAQ"),
        ):
            begin = row["text"].index(word)
            start, end = to_raw(begin, begin + len(word), row["raw_start"], row["alignment"], row["text"])
            assert page[start:end] == written
    assert all(row["raw_end"] <= other["raw_start"] for row, other in pairwise(segments))


@pytest.mark.parametrize(
    ("title", "words", "kept", "repairs"),
    [
        pytest.param(
            "Call the free consult hotline if your knee pain lasts all night long. \x85 | Knee Health Site",
            "Rest and ice help against knee pain, say many doctors.",
            "Rest and ice help against knee pain, say many doctors.",
            ["fix_encoding"],
            id="a cut beside U+0085, which repair takes for an ellipsis",
        ),
        pytest.param(
            "Knee pain",
            "Call us free on the hotline today.\n          Rest helps against pain of the knee, say many doctors.",
            "Call us free on the hotline today. Rest helps against pain of the knee, say many doctors.",
            [],
            id="a line break between parts that are joined again",
        ),
        pytest.param(
            "Knee pain",
            "Hyper&shy;tension makes knee\u200bcaps no worse than they are, say many doctors.",
            "Hypertension makes kneecaps no worse than they are, say many doctors.",
            ["remove_invisible_chars"],
            id="invisible characters in words",
        ),
    ],
)
def test_html_reads_as_it_is_shown(title: str, words: str, kept: str, repairs: list[str]) -> None:
    page = f"<html><body><h1>{title}</h1><p>{words}</p></body></html>"
    out = clean_page(page)
    (segment,) = (row for row in out["segments"].to_pylist() if row["raw_start"] == page.index(words))
    assert (segment["text"], segment["raw_end"]) == (kept, page.index(words) + len(words))
    alignment = segment["alignment"] or range(len(kept) + 1)
    for i, char in enumerate(kept):
        assert char in (words[alignment[i]], " ")
    assert out["documents"]["repairs"].to_pylist() == [repairs]


# What an East Asian keyboard, or a program that breaks no line between words, writes for it.
OTHER_WIDTH = str.maketrans(" ,:;()?.", "\u00a0，：；（）？。")


def test_a_page_in_other_widths_is_labelled_as_in_plain_ones() -> None:
    texts = [page.text for page in load_pages(CORPUS, "test")]
    columns = ["source_path", "raw_start", "raw_end", "label", "reason"]
    plain = clean(texts)["segments"].select(columns).to_pylist()
    wide = clean([text.translate(OTHER_WIDTH) for text in texts])["segments"].select(columns).to_pylist()
    assert wide == plain


def test_a_piece_of_html_that_is_paragraphs_and_no_more_is_labelled_like_plain_text() -> None:
    pages = [[line.strip() for line in page.text.splitlines() if line.strip()] for page in load_pages(CORPUS, "test")]
    pages = [lines for lines in pages if not any(set("<>&") & set(line) for line in lines)]
    assert len(pages) > 50
    pages = [[*first, *second] for first, second in zip(pages[::2], pages[1::2], strict=False)]
    text = clean(["\n\n".join(lines) for lines in pages])
    table = texts_table(["".join(f"<p>{line}</p>\n" for line in lines) for lines in pages]).to_pylist()
    rows = pa.Table.from_pylist([row | {"format": "html"} for row in table], schema=TABLES["texts"].schema)
    marked = CLEAN.run({"texts": rows}, Clean())
    kept = [{row["text"] for row in found["segments"].to_pylist() if row["kept"]} for found in (text, marked)]
    assert len(kept[0] & kept[1]) > 0.98 * max(map(len, kept))
    articles = [
        {(row["source_id"], row["title"], row["n_chars_kept"]) for row in found["documents"].to_pylist()}
        for found in (text, marked)
    ]
    assert len(articles[0] & articles[1]) > 0.95 * max(map(len, articles)) > 2 * len(pages)


@pytest.mark.parametrize("sign", ["\u200b", "\ufeff", "\u00ad"])
def test_what_shows_nothing_says_nothing(sign: str) -> None:
    texts = [page.text for page in load_pages(CORPUS, "test")]
    plain = clean(texts)["segments"].to_pylist()
    signed = clean([f"{sign}{text}".replace("\n", f"{sign}\n{sign}") for text in texts])["segments"].to_pylist()
    kept = [{row["text"].strip(sign) for row in found if row["kept"]} for found in (plain, signed)]
    assert len(kept[0] & kept[1]) > 0.98 * max(map(len, kept))
