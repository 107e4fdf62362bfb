"""The page on the Convolutional Turing Machine keeps its word: it shows the numbers of its file."""

import importlib
import json
import re
from pathlib import Path

import naive
import numpy as np
import pytest
import yaml

from emergent import parts
from emergent.spaces import grid

DOCS = Path(__file__).parents[1] / "docs"
TEXT = (DOCS / "ctm.md").read_text()


@pytest.fixture
def page(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    return importlib.import_module("ctm")


def test_the_page_shows_the_numbers_of_its_file(page):
    found = json.loads((DOCS / "ctm" / "ctm.json").read_text())
    assert page.listed(found) in TEXT
    assert sum(found["published"].values()) == page.MACHINES
    assert min(found["trained"]) >= 0.99


def test_r_squared_equals_the_twin(page):
    draw = np.random.default_rng(0)
    targets = draw.normal(size=(50, 2))
    answers = targets + draw.normal(size=(50, 2))
    expected = [naive.r_squared(answers[:, j], targets[:, j]) for j in range(2)]
    assert page.r_squared(answers, targets) == pytest.approx(expected)


def test_the_published_machine_of_the_page_is_the_one_that_is_measured(page):
    said = yaml.safe_load(re.search(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[1])
    measured = page.published(np.zeros((3, 3))).template
    space = grid(20, 20, boundary="edge")
    assert parts.build("space", said["space"]) == space == measured.space
    halting = parts.build("halting", said["halting"], space=space)
    assert halting[:3] == measured.halting[:3]
    assert halting.damping == measured.halting.damping == 0.3
    assert type(parts.build("rule", said["rule"], space=space)) is type(measured.rule)


def test_links_and_pictures_of_the_page_are_there_and_small():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", TEXT) if "://" not in link]
    for link in links:
        assert (DOCS / link).exists(), link
    assert sum(file.stat().st_size for file in (DOCS / "ctm").glob("*.png")) < 300_000
