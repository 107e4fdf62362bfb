"""The page on Gray-Scott keeps its word: what is compared hangs on no place, and it shows the numbers of its file."""

import importlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

DOCS = Path(__file__).parents[1] / "docs"
TEXT = (DOCS / "gray_scott.md").read_text()


@pytest.fixture
def measured(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    return importlib.import_module("gray_scott_measured")


@pytest.fixture
def page(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    return importlib.import_module("gray_scott")


def test_features_are_those_of_a_shifted_or_turned_picture(measured):
    shown = measured.starts(3, "test")
    expected = measured.features(shown)
    for moved in (np.roll(shown, (5, -9), (2, 3)), shown.swapaxes(2, 3), shown[:, :, ::-1]):
        np.testing.assert_allclose(measured.features(moved), expected, atol=1e-6)
    assert np.abs(measured.features(shown[:, ::-1]) - expected).max() > 0.1, "u and v are told apart"


def test_a_wave_has_its_amplitude_in_its_ring(measured):
    x = np.arange(measured.SIZE)
    shown = np.zeros((1, 2, measured.SIZE, measured.SIZE))
    shown[:, 0] = 0.2 * np.cos(2 * np.pi * 5 * x / measured.SIZE)  # 5 waves: the ring from 4.5 to 5.5
    rings = measured.features(shown)[0][len(measured._QUANTILES) + 2 :][: len(measured._RINGS) - 1]
    assert rings[4] == pytest.approx(0.2 / np.sqrt(2))
    np.testing.assert_allclose(np.delete(rings, 4), 0, atol=1e-12)


def test_what_is_seen_is_likeliest_where_it_is_from(measured):
    draw = np.random.default_rng(0)
    tried = draw.normal(0, [0.1, 1.0], (16, 2))
    near, far, further = (measured.likelihood(np.array([x, 0.0]), tried) for x in (0.0, 0.5, 5.0))
    assert near > far > further


def test_starts_hang_on_their_family_alone(measured):
    few, many = measured.starts(2, "test"), measured.starts(2, "test")
    np.testing.assert_array_equal(few, many)
    assert (few != measured.starts(2, "another")).any()
    assert few[:, 0].max() <= 1.0
    assert few[:, 1].min() >= 0.0


def test_the_page_shows_the_numbers_of_its_file(page):
    found = json.loads((DOCS / "gray_scott" / "gray_scott.json").read_text())
    assert page.table(found) in TEXT
    assert len(found["pairs"]) == 10
    assert min(row["variance"] for row in found["pairs"]) > 1e-3
    assert f"with {found['evaluations']} candidates" in TEXT


def test_links_and_pictures_of_the_page_are_there_and_small():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", TEXT) if "://" not in link]
    for link in links:
        assert (DOCS / link).exists(), link
    assert sum(file.stat().st_size for file in (DOCS / "gray_scott").glob("*.png")) < 300_000
