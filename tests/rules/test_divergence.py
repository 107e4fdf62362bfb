"""Divergence: which lanes are lost."""

import numpy as np
import pytest

from emergent.rules.convolution import convolution
from emergent.rules.divergence import LARGEST, beyond
from emergent.rules.life import life
from emergent.rules.stochastic import stochastic
from emergent.spaces import board, grid
from emergent.verbs import LANES, blank, diverged, storage


@pytest.mark.parametrize(
    ("value", "lost"), [(1.0, False), (LARGEST, False), (-1.01e6, True), (np.inf, True), (np.nan, True)]
)
def test_a_lane_is_lost_with_one_cell_beyond(value, lost):
    space = grid(3, 4)
    states, lanes = blank(space), np.ones(LANES, np.bool_)
    states[storage(space)[0, 1, 2], 5] = value
    states[0, 7] = np.inf  # of the border, which is not looked at
    assert beyond(space, states, lanes) == lost
    assert not lost or np.flatnonzero(lanes).tolist() == [5]


def test_only_what_nothing_bounds_is_ever_lost():
    space, lanes = grid(3, 3), np.zeros(LANES, np.bool_)
    states = np.full(blank(space).shape, np.inf, np.float32)
    for rule in (convolution(space), life(board(3, 3)), stochastic(space, "convolution")):
        assert not diverged(rule, space, states, lanes)
        assert not lanes.any()
    linear = {"name": "convolution", "activation": "identity"}
    for rule in (convolution(space, activation="identity"), stochastic(space, linear)):
        assert diverged(rule, space, states, lanes)
        assert lanes.all()
