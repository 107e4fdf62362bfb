"""Plots are written, show what they are given, and need no display."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from emergent.view import plots


def _rows(count):
    rows = []
    for i in range(count):
        row = {"generation": i, "evaluations": 8 * (i + 1), "best": i / 10, "mean": -i / 20, "accident_free": i / count}
        if i % 4 == 3:
            row |= {"held_out": i / 12, "held_out_accident_free": 0.5}
        rows.append(row)
    return rows


def _share_of(picture, color, tolerance=40):
    return float((abs(picture.astype(int) - color).max(axis=-1) < tolerance).mean())


_BLUE, _AMBER = (0x2F, 0x6F, 0xC4), (0xC0, 0x7A, 0x1E)


def test_the_learning_curve_shows_best_and_held_out(tmp_path):
    plots.curve(_rows(20), tmp_path / "curve.png")
    picture = np.array(Image.open(tmp_path / "curve.png").convert("RGB"))
    assert picture.shape[0] > 400
    assert picture.shape[1] > 700
    assert _share_of(picture, _BLUE) > 0.001
    assert _share_of(picture, _AMBER) > 0.001
    below = picture[-picture.shape[0] // 4 :]
    assert _share_of(below, _BLUE) > 0.001, "the lower panel has the accident-free share"


@pytest.mark.parametrize("rows", [[], _rows(1), [{**_rows(1)[0], "best": float("nan"), "mean": None}]])
def test_a_run_that_has_hardly_begun_can_be_drawn(tmp_path, rows):
    plots.curve(rows, tmp_path / "curve.png")
    assert np.array(Image.open(tmp_path / "curve.png").convert("L")).std() > 5


def test_the_curve_is_the_same_file_every_time(tmp_path):
    for name in ("a.png", "b.png"):
        plots.curve(_rows(9), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("values", [[1, 8, 30.0], ["tanh", "clip", "relu"]])
def test_a_sweep_has_a_dot_for_each_seed_and_a_line(tmp_path, values):
    scores = [[0.1, 0.9], [0.5], []]
    plots.sweep(values, scores, tmp_path / "a.png", "model.x", log=values[0] == 1)
    plots.sweep(values, scores, tmp_path / "b.png", "model.x", log=values[0] == 1)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    picture = np.array(Image.open(tmp_path / "a.png").convert("RGB"))
    assert _share_of(picture, _BLUE) > 0.001
    assert _share_of(picture, (0x9A, 0xA1, 0xAB), 12) > 0.0001


def test_learning_curves_have_a_line_for_each_row_and_hold_the_last_score(tmp_path):
    rows = {"one": [([4, 8], [0.0, 1.0]), ([4], [0.5])], "other": [([8], [0.2])]}
    plots.curves(rows, tmp_path / "curves.png")
    picture = np.array(Image.open(tmp_path / "curves.png").convert("RGB"))
    assert _share_of(picture, _BLUE) > 0.001
    assert _share_of(picture, _AMBER) > 0.0001
    assert plots._held(np.array([2, 4, 6, 8, 9]), [4, 8], [0.0, 1.0]).tolist() == [0, 0, 0, 1, 1]


def test_no_window_is_ever_prepared(tmp_path):
    script = (
        "import sys; from pathlib import Path; from emergent.view import plots; plots.curve([], Path(sys.argv[1]));"
        "assert 'matplotlib.pyplot' not in sys.modules and 'pygame' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "curve.png")], check=True)


def test_space_time_of_a_tape_shows_the_very_cells(tmp_path, blueprint, watch):
    """Rule 90 from one lit cell: the picture has the light and dark cells in the right numbers and places."""
    made = blueprint("tape", rule={"code": 90}, encoder={"bins": 1, "operation": "xor", "lit": 1.0, "held": False})
    cells = np.zeros(90)
    cells[45] = 1
    film = watch(made, cells)
    plots.space_time(made.template, film, tmp_path / "tape.png", "rule 90")
    picture = np.array(Image.open(tmp_path / "tape.png").convert("RGB"))
    lit = _share_of(picture, (240, 200, 120), 12)
    dark = _share_of(picture, (36, 40, 49), 8)
    assert lit / (lit + dark) == pytest.approx(film.mean(), rel=0.15)


def test_space_time_of_a_grid_has_a_sheet_for_every_micro_step(tmp_path, blueprint, watch):
    made = blueprint("grid")
    film = watch(made, np.linspace(-1, 1, 108))
    plots.space_time(made.template, [film, film], tmp_path / "grid.png")
    picture = np.array(Image.open(tmp_path / "grid.png").convert("RGB"))
    assert picture.std() > 20


def test_space_time_of_nothing_is_refused(tmp_path, blueprint):
    for films in ([], np.zeros((0, 90))):
        with pytest.raises(ValueError, match="film=True"):
            plots.space_time(blueprint("tape").template, films, tmp_path / "none.png")
