"""Decoders: what is read off a state, and which settings are refused."""

import naive
import numpy as np
import pytest

from emergent import model, parts  # noqa: F401 - the model registers every part
from emergent.spaces import board, grid, line, tape
from emergent.verbs import blank, decode, levels, load, storage


def read(space, cells, settings, outputs=2):
    """What the decoder of these settings reads from bare cells."""
    decoder = parts.build("decoder", settings, space=space, outputs=outputs)
    state = blank(space)[:, 0].copy()
    load(space, np.ravel(cells), state)
    output = np.full(outputs, np.nan, np.float32)
    decode(decoder, state, output)
    return output


@pytest.mark.parametrize("halo", [1, 2])
def test_readout_equals_the_twin(halo):
    space = grid(6, 5, 2)._replace(halo=halo)
    cells = np.random.default_rng(0).normal(size=(2, 6, 5))
    zones = [{"row": 1}, {"rows": [2, 4], "columns": [0, 3]}, [[5, 4]]]
    indices = [range(5, 10), [10, 11, 12, 15, 16, 17], [29]]
    expected = naive.readout(cells, indices, 1.5)
    found = read(space, cells, {"name": "readout", "zones": zones, "gain": 1.5}, outputs=3)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_readout_of_single_cells():
    cells = np.arange(30.0)
    assert read(grid(6, 5), cells, {"name": "readout", "at": [[0, 1], [5, 4]]}).tolist() == [1, 29]
    assert read(grid(6, 5), cells, {"name": "readout", "at": {"column": -1}, "gain": -2}).tolist() == [-18, -48]


@pytest.mark.parametrize("state", [1, 2])
def test_zone_counts_equal_the_twin(state):
    space = tape(40, 3)._replace(halo=2)
    cells = np.random.default_rng(1).integers(0, 3, 40)
    zones, indices = [{"cells": [3, 10]}, {"cells": [30, 40]}], [range(3, 10), range(30, 40)]
    found = read(space, cells, {"name": "zone_counts", "zones": zones, "state": state, "gain": 2.0})
    np.testing.assert_allclose(found, naive.zone_counts(cells, indices, state, 2.0), atol=1e-6)


def test_zone_counts_of_a_board_equal_the_twin():
    cells = np.random.default_rng(2).integers(0, 3, (1, 6, 5))
    zones, indices = [{"row": 1}, {"rows": [2, 4], "columns": [0, 3]}], [range(5, 10), [10, 11, 12, 15, 16, 17]]
    found = read(board(6, 5, 3), cells, {"name": "zone_counts", "zones": zones, "state": 2, "level": 0.3})
    np.testing.assert_allclose(found, naive.zone_counts(cells, indices, 2, 1.0, 0.3), atol=1e-6)


def test_marker_positions_equal_the_twin():
    draw = np.random.default_rng(3)
    for density in (0.0, 0.1, 0.5, 1.0):
        cells = 2 * (draw.uniform(size=40) < density) + (draw.uniform(size=40) < 0.3)
        settings = {"name": "marker_position", "zones": [{"cells": [3, 10]}, {"cells": [20, 40]}], "gain": 1.5}
        for state in (1, 2, 3):
            found = read(tape(40, 4), cells, settings | {"state": state})
            expected = naive.marker_position(cells, [range(3, 10), range(20, 40)], state, 1.5)
            np.testing.assert_allclose(found, expected, atol=1e-6)


def test_a_marker_reaches_from_minus_the_gain_to_the_gain_and_none_is_as_at_the_first_cell():
    settings = {"name": "marker_position", "zones": [{"cells": [2, 7]}], "state": 2, "gain": 3}
    answers = []
    for marks in ([], [2], [3], [4], [6], [2, 4], [7], [1]):  # the last two are outside
        answers.extend(read(tape(9, 3), np.where(np.isin(range(9), marks), 2, 1), settings, outputs=1))
    assert answers == [-3, -3, -1.5, 0, 3, 0, -3, -3]


def test_a_marker_of_a_board_is_the_last_one_in_the_order_of_its_zone():
    cells = np.zeros((4, 5))
    cells[1, 2] = cells[3, 2] = 1
    settings = {"name": "marker_position", "zones": [{"column": 2}, {"row": 1}]}
    assert read(board(4, 5), cells, settings).tolist() == [1, 0]


@pytest.mark.parametrize("temperature", [0.1, 1.0, 30.0])
def test_border_softmax_equals_the_twin(temperature):
    draw, edges = np.random.default_rng(4), [{"row": 0}, {"row": -1}, {"column": 2}]
    indices = [range(5), range(25, 30), range(2, 30, 5)]
    settings = {"name": "border_softmax", "zones": edges, "temperature": temperature}
    for space, cells in [
        (board(6, 5, 3)._replace(halo=2), draw.integers(0, 3, (1, 6, 5))),
        (grid(6, 5), draw.normal(size=(1, 6, 5))),
    ]:
        found = read(space, cells, settings, outputs=3)
        expected = naive.border_softmax(cells, indices, temperature, levels(space))
        np.testing.assert_allclose(found, expected.astype(float), atol=1e-6)
        assert found.sum() == pytest.approx(1)


def test_a_sign_equals_the_twin():
    draw = np.random.default_rng(6)
    zones = {"name": "sign", "zones": [{"cells": [6, 40, 7]}, {"cells": [1, 40, 7]}], "state": 2}
    indices = [range(6, 40, 7), range(1, 40, 7)]
    for _ in range(30):
        cells = draw.integers(0, 3, 40)
        assert read(tape(40, 3), cells, zones).tolist() == naive.sign(cells, indices, 2)
        cells = draw.normal(size=30)
        assert read(line(30), cells, {"name": "sign", "at": [12]}).tolist() == naive.sign(cells, [[], [12]], None)
        found = read(grid(6, 5), cells, {"name": "sign", "zones": [{"row": 1}, {"row": 3}]})
        assert found.tolist() == naive.sign(cells, [range(5, 10), range(15, 20)], None)


def test_of_no_sign_the_second_output_is_the_larger_and_of_no_number_none():
    for value, expected in [(0.0, [-1, 1]), (-0.0, [-1, 1]), (-1e-30, [1, -1]), (1e30, [-1, 1])]:
        assert read(line(3), [0, value, 0], {"name": "sign", "at": [1]}).tolist() == expected
    for value in (np.nan, np.inf, -np.inf):
        assert not np.isfinite(read(line(3), [0, value, 0], {"name": "sign", "at": [1]})).any()


def test_border_softmax_stands_silence_and_any_strength():
    settings = {"name": "border_softmax", "zones": [{"row": 0}, {"row": 1}], "temperature": 1e-3}
    assert read(grid(2, 4), np.zeros(8), settings).tolist() == [0.5, 0.5]
    assert read(board(2, 4), np.zeros(8), settings).tolist() == [0.5, 0.5]
    assert read(grid(2, 4), np.repeat([1e30, -1e35], 4), settings).tolist() == [0, 1]
    assert read(board(2, 4), [1] * 4 + [0] * 4, settings).tolist() == [1, 0]


def test_a_sign_is_for_two_actions():
    with pytest.raises(ValueError, match=r"a sign has two outputs, one for each of two actions; .* got 3"):
        read(line(3), [0, 0, 0], {"name": "sign", "at": [1]}, outputs=3)


def test_zone_counts_reach_from_minus_the_gain_to_the_gain():
    zones = {"name": "zone_counts", "zones": [{"cells": [0, 4]}, {"cells": [4, 8]}], "gain": 0.5}
    assert read(tape(8), [0] * 4 + [1] * 4, zones).tolist() == [-0.5, 0.5]
    assert read(tape(8), [1, 0, 0, 0] * 2, zones | {"level": 0.25}).tolist() == [0, 0]


def test_the_border_is_never_read():
    for space in (tape(8), grid(4, 4)):
        name, zone = ("zone_counts", {"cells": [0, 8]}) if len(storage(space).shape) == 1 else ("readout", {"row": 0})
        decoder = parts.build("decoder", {"name": name, "zones": [zone]}, space=space, outputs=1)
        assert np.isin(decoder.cells, storage(space)).all()


@pytest.mark.parametrize(
    ("space", "settings", "words"),
    [
        (grid(4, 4), {"name": "readout"}, "either at, a cell for each output, or zones"),
        (grid(4, 4), {"name": "readout", "at": {"row": 0}, "zones": [{"row": 0}, {"row": 1}]}, "either at"),
        (grid(4, 4), {"name": "readout", "at": {"row": [0, 1]}}, "one cell for each of 2 outputs, got 4; use zones"),
        (grid(4, 4), {"name": "readout", "zones": [{"row": 0}]}, "expected one for each of 2 outputs, got 1"),
        (grid(4, 4), {"name": "readout", "zones": [{"row": 0}, {"row": 4}]}, "outside"),
        (tape(8), {"name": "readout", "zones": [[0], [1]]}, "space"),
        (grid(4, 4), {"name": "zone_counts", "zones": [{"row": 0}, {"row": 1}]}, "space"),
        (tape(8), {"name": "zone_counts", "zones": [[0]]}, "expected one for each of 2 outputs, got 1"),
        (tape(8), {"name": "zone_counts", "zones": [[0], [1]], "state": 2}, r"state: expected one in 1..1, got 2"),
        (tape(8), {"name": "zone_counts", "zones": [[0], [1]], "state": 0}, "decoder.state"),
        (tape(8), {"name": "zone_counts"}, "decoder.zones"),
        (grid(4, 4), {"name": "marker_position", "zones": [{"row": 0}, {"row": 1}]}, "expected a tape or board, got"),
        (tape(8), {"name": "marker_position", "zones": [[0, 1], [2]]}, "at least two cells in each"),
        (tape(8), {"name": "marker_position", "zones": [[0, 1], [2, 3]], "state": 2}, r"state: expected one in 1..1"),
        (tape(8), {"name": "marker_position", "zones": [[0, 1]]}, "expected one for each of 2 outputs, got 1"),
        (line(8), {"name": "sign"}, "either at, a real cell, or zones"),
        (line(8), {"name": "sign", "at": [1], "zones": [[0], [1]]}, "either at, a real cell, or zones"),
        (line(8), {"name": "sign", "at": [1, 2]}, "at: expected one cell, got 2"),
        (line(8), {"name": "sign", "zones": [[1]]}, "expected one for each of 2 outputs, got 1"),
        (tape(8), {"name": "sign", "at": [1]}, "at: expected zones in a space whose cells have states"),
        (tape(8), {"name": "sign", "zones": [[0], [1]], "state": 2}, r"state: expected one in 1..1, got 2"),
        (tape(8), {"name": "border_softmax", "zones": [[0, 1]]}, "expected one for each of 2 outputs, got 1"),
        (tape(8), {"name": "border_softmax", "zones": [[0], [1]], "temperature": 0}, "decoder.temperature"),
    ],
)
def test_what_reads_nothing_is_refused(space, settings, words):
    with pytest.raises(ValueError, match=words):
        parts.build("decoder", settings, space=space, outputs=2)
