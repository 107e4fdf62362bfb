"""Colours mean values, and roles are the cells that parts use: counted here by hand, without their storage."""

import numpy as np
import pytest

from emergent.model import Blueprint
from emergent.view import palette
from emergent.view.palette import ROLES, Scale, colours, roles, state_colours

# conftest's grid is 12 x 9; eleven values spread over the twelve rows of column 0, two outputs over column 8
_ROWS_OF_INPUTS = [int((i + 0.5) * 12 / 11) for i in range(11)]


def test_roles_of_a_grid_are_bare_cells_in_reading_order(blueprint):
    found = roles(blueprint("gated grid").template)
    assert found["input"].tolist() == [9 * row for row in _ROWS_OF_INPUTS]
    assert found["output"].tolist() == [9 * 3 + 8, 9 * 9 + 8]
    assert found["halting"].tolist() == [9 * 6 + 4]
    assert found["reward"].tolist() == []


def test_roles_do_not_depend_on_how_wide_the_border_is(blueprint):
    near, far = blueprint("gated tape"), blueprint("gated tape", rule={"code": 5, "radius": 3})
    assert near.template.space.halo != far.template.space.halo
    for model in (near.template, far.template):
        found = roles(model)
        assert found["input"].tolist() == list(range(40))
        assert found["output"].tolist() == list(range(50, 70))
        assert found["halting"].tolist() == [80]


def test_parts_without_cells_have_no_role(blueprint):
    assert roles(blueprint("grid").template)["halting"].tolist() == []


def test_a_part_that_holds_another_has_the_role_of_that(blueprint):
    assert roles(blueprint("noisy grid").template)["halting"].tolist() == [9 * 6 + 4]


def test_the_reward_has_cells_of_its_own(blueprint):
    found = roles(blueprint("rewarded grid", inputs=11).template)
    assert found["reward"].tolist() == [9 * row + 4 for row in (2, 3, 4)]
    assert len(found["input"]) == 11, "ten inputs and the constant"
    assert not set(found["input"]) & set(found["reward"])


def test_sheets_have_channels_rows_and_columns():
    two = Blueprint(
        {"name": "grid", "height": 3, "width": 5, "channels": 2},
        "convolution",
        "injection",
        {"name": "steps", "steps": 1},
        {"name": "readout", "at": {"column": -1}},
        [0, 0],
        [1, 1],
        1,
    ).template
    sheets = palette.sheets(two, np.arange(60).reshape(2, 30))
    assert sheets.shape == (2, 2, 3, 5)
    assert sheets[1, 1, 2, 4] == 59
    assert sheets[0, 1, 0, 0] == 15


def test_a_line_is_a_row_for_each_channel(blueprint):
    model = blueprint("ring").template
    film = palette.sheets(model, np.arange(120).reshape(2, 60))
    assert film.shape == (2, 2, 1, 30)
    assert film[1, 1, 0, 29] == 119
    assert roles(model)["input"].tolist() == [*range(0, 22, 2)]
    assert roles(model)["output"].tolist() == [25]


def test_a_board_is_one_sheet(blueprint):
    model = blueprint("board").template
    film = palette.sheets(model, np.arange(704).reshape(2, 352))
    assert film.shape == (2, 1, 44, 8)
    assert film[1, 0, 43, 7] == 703
    assert roles(model)["output"].tolist() == [*range(24, 32), *range(64, 72)]


def test_zero_is_nearly_the_ground_and_signs_are_told_apart():
    zero, up, down, most, beyond = colours(np.array([0.0, 0.5, -0.5, 2.0, 9.0]), 0, scale=2.0).astype(int)
    assert abs(zero - palette.GROUND).max() < 20
    assert up[0] > up[2] + 20, "amber"
    assert down[2] > down[0] + 20, "violet"
    assert most.sum() > up.sum() > zero.sum(), "the larger the brighter"
    assert (most == beyond).all()


def test_colours_stand_even_what_is_not_finite():
    assert colours(np.array([np.nan, np.inf, -np.inf]), 0).shape == (3, 3)


@pytest.mark.parametrize("states", [2, 3, 9, 24])
def test_every_state_has_a_colour_of_its_own(states):
    found = state_colours(states)
    assert found.shape == (states, 3)
    assert len(np.unique(found, axis=0)) == states
    assert (colours(np.arange(states, dtype=np.uint8), states) == found).all()


def test_as_many_states_as_there_can_be_have_colours():
    assert state_colours(256).shape == (256, 3)


def test_roles_have_the_colours_of_the_paper():
    def strongest(role):
        return int(np.argmax(ROLES[role]))

    assert [strongest(role) for role in ("halting", "input", "output")] == [0, 1, 2]
    red, green, blue = ROLES["reward"]
    assert red > green > blue, "orange"


def test_the_scale_rises_quickly_and_falls_slowly():
    scale = Scale()
    scale.follow(np.full(10, 2.0))
    assert float(scale) == 2.0
    scale.follow(np.full(10, 4.0))
    risen = float(scale) - 2.0
    scale.follow(np.zeros(10))
    fallen = 2.0 + risen - float(scale)
    assert risen > 5 * fallen > 0


def test_the_scale_of_a_silent_automaton_is_not_zero():
    scale = Scale()
    scale.follow(np.zeros((3, 4)))
    assert float(scale) > 0
    assert (colours(np.zeros(4), 0, float(scale)) == colours(np.zeros(1), 0)).all()
