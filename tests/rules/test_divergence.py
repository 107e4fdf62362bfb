"""Divergence: which lanes are lost."""

import numpy as np
import pytest

from emergent.rules.convolution import convolution
from emergent.rules.divergence import LARGEST, beyond
from emergent.rules.life import life
from emergent.spaces import board, grid
from emergent.verbs import LANES, diverged


@pytest.mark.parametrize(
    ("value", "lost"), [(1.0, False), (LARGEST, False), (-1.01e6, True), (np.inf, True), (np.nan, True)]
)
def test_a_lane_is_lost_with_one_cell_beyond(value, lost):
    states = np.zeros((30, LANES), np.float32)
    states[17, 5] = value
    lanes = np.ones(LANES, np.bool_)
    assert beyond(states, lanes) == lost
    assert not lost or np.flatnonzero(lanes).tolist() == [5]


def test_only_what_nothing_bounds_is_ever_lost():
    states, lanes = np.full((30, LANES), np.inf, np.float32), np.zeros(LANES, np.bool_)
    for rule in (convolution(grid(3, 3)), life(board(3, 3))):
        assert not diverged(rule, states, lanes)
        assert not lanes.any()
    for size in (3, 5):
        assert diverged(convolution(grid(3, 3), size=size, activation="identity"), states, lanes)
        assert lanes.all()
