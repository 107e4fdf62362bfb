"""The page on media keeps its word: shares are right where they are known, and it shows the numbers of its file."""

import importlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

DOCS = Path(__file__).parents[1] / "docs"
TEXT = (DOCS / "media.md").read_text()


@pytest.fixture
def media(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    return importlib.import_module("media_measured")


@pytest.fixture
def page(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    return importlib.import_module("media")


def test_shares_of_a_known_function(media):
    """y = a + 2 b + 2 a c of independent normal a, b, c: variances 1, 4 and 4, the last of two together."""
    drawn, again = np.random.default_rng(0).standard_normal((2, 3, 40_000))

    def outputs(a, b, c):
        return np.stack([a + 2 * b + 2 * a * c, np.zeros_like(a)], axis=1)

    cases = [outputs(*drawn)]
    for which in ([0], [1], [2], [0, 2]):
        changed = drawn.copy()
        changed[which] = again[which]
        cases.append(outputs(*changed))
    shares = media.total_shares(np.array(cases))
    assert list(shares.values()) == pytest.approx([5 / 9, 4 / 9, 4 / 9, 5 / 9], abs=0.02)
    assert set(media.total_shares(np.ones((5, 8, 2))).values()) == {None}


def test_past_inputs_are_smooth_and_fill_their_range(media):
    inputs = media.past(50, 400, "test").astype(float)
    anew = media.past(50, 400, "test", 20).astype(float)
    assert (anew[:20] == inputs[:20]).all()
    assert abs(np.corrcoef(anew[19].ravel(), anew[20].ravel())[0, 1]) < 0.05
    assert 0 <= inputs.min() < 0.05 < 0.95 < inputs.max() <= 1
    assert inputs.mean() == pytest.approx(0.5, abs=0.02)
    assert np.corrcoef(inputs[:-1].ravel(), inputs[1:].ravel())[0, 1] == pytest.approx(media.SMOOTH, abs=0.02)


def test_walls_stay_and_turn_what_is_between_them(media):
    table = np.array(media.wall_table()).reshape(4, 4, 4)
    for c in (2, 3):
        assert (table[:, c] == c).all()
    assert [table[left, 1, right] for left, right in ((2, 2), (2, 3), (3, 2), (3, 3))] == [1, 0, 0, 1]


def test_a_tape_with_walls_holds_and_rule_90_does_not(media):
    held = media.measure(media.MEDIA["walls"], times=(1, 5), pairs=32)
    assert held["past"] == held["early"] == [0, 0]
    assert held["left"] == held["size"] == [1, 1]
    assert min(held["program"] + held["present"]) > 0.3
    lost = media.measure(media.MEDIA["rule 90"], times=(1, 5), pairs=32)
    assert lost["present"] == [0, 0]
    assert lost["program"][1] < 0.2 < lost["past"][1]


def test_the_page_shows_the_numbers_of_its_file(page):
    found = json.loads((DOCS / "media" / "media.json").read_text())
    assert page.table(found["media"]) in TEXT


def test_links_and_pictures_of_the_page_are_there_and_small():
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    for link in links:
        assert (DOCS / link).exists(), link
    pictures = {f"media/{file.name}" for file in (DOCS / "media").glob("*.png")}
    assert pictures == {link for link in links if link.endswith(".png")}
    assert sum((DOCS / picture).stat().st_size for picture in pictures) < 500_000
