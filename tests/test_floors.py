"""Floors: figures may rise, never fall unseen."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.evaluation.floors import SLACK, breaches, corpus_id, load_floors, pin
from pipeline.evaluation.gold import load_pages

CORPUS = Path(__file__).parents[1] / "training" / "corpus"


def test_a_figure_below_its_floor_is_a_breach(tmp_path: Path) -> None:
    path = tmp_path / "floors.json"
    pin({"claims.strict_f1": 0.5, "claims.ece": 0.1}, "pages", path=path)
    floors = load_floors(path)
    assert floors.floors == {"claims.strict_f1": 0.5 - SLACK}
    assert breaches({"claims.strict_f1": 0.5}, "pages", floors) == []
    assert breaches({"claims.strict_f1": 0.49}, "pages", floors)
    assert breaches({}, "pages", floors)


def test_other_pages_must_be_pinned_anew(tmp_path: Path) -> None:
    path = tmp_path / "floors.json"
    pin({"claims.strict_f1": 0.5}, "pages", path=path)
    assert breaches({"claims.strict_f1": 0.9}, "other pages", load_floors(path))


def test_a_floor_falls_only_when_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "floors.json"
    pin({"claims.strict_f1": 0.5}, "pages", path=path)
    with pytest.raises(ConfigError, match="--lower"):
        pin({"claims.strict_f1": 0.4}, "pages", path=path)
    assert load_floors(path).floors["claims.strict_f1"] == 0.5 - SLACK
    pin({"claims.strict_f1": 0.6}, "pages", path=path)
    pin({"claims.strict_f1": 0.4}, "pages", lower=True, path=path)
    assert load_floors(path).floors["claims.strict_f1"] == 0.4 - SLACK


def test_a_floor_goes_only_when_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "floors.json"
    pin({"claims.strict_f1": 0.5, "claims.negated": 0.9}, "pages", path=path)
    with pytest.raises(ConfigError, match=r"claims\.negated from 0\.895 to none.*--lower"):
        pin({"claims.strict_f1": 0.6}, "other pages", path=path)
    assert set(load_floors(path).floors) == {"claims.strict_f1", "claims.negated"}
    pin({"claims.strict_f1": 0.6}, "pages", lower=True, path=path)
    assert set(load_floors(path).floors) == {"claims.strict_f1"}


def test_the_pages_are_known_by_their_content() -> None:
    pages = load_pages(CORPUS, "dev")[:3]
    assert corpus_id(pages) == corpus_id(pages[::-1])
    assert corpus_id(pages) != corpus_id(pages[:2])
    assert corpus_id(pages) != corpus_id([*pages[:2], replace(pages[2], claims=pages[2].claims[1:])])


def test_the_shipped_floors_are_for_the_shipped_pages() -> None:
    assert load_floors().corpus == corpus_id(load_pages(CORPUS, "test"))
