"""A tape's picture: its cells in the colours of their states, a panel for each input."""

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from emergent.cli import app
from emergent.tapes.published import save, tape_program
from emergent.view.palette import state_colours
from emergent.view.tapes import picture

RULE = [0] * 64  # a marker moves left
RULE[2] = RULE[14] = 2
PROGRAM = tape_program(RULE, [1])


def test_the_states_that_there_are_have_their_colours(tmp_path):
    picture(PROGRAM, [(3,), (5,)], tmp_path / "tape.png", max_steps=4)
    pixels = np.asarray(Image.open(tmp_path / "tape.png").convert("RGB")).reshape(-1, 3)
    for state, color in enumerate(state_colours(4)):
        seen = (np.abs(pixels.astype(int) - color) <= 8).all(axis=1).mean()
        assert seen > 1e-4, state
    first = (tmp_path / "tape.png").read_bytes()
    picture(PROGRAM, [(3,), (5,)], tmp_path / "tape.png", max_steps=4)
    assert (tmp_path / "tape.png").read_bytes() == first


def test_too_many_inputs_are_refused(tmp_path):
    with pytest.raises(ValueError, match="expected 1 to 6 inputs for a picture, got 7"):
        picture(PROGRAM, [(1,)] * 7, tmp_path / "tape.png")


def test_predict_draws_what_it_answers(tmp_path):
    save(tmp_path / "model.npz", PROGRAM)
    arguments = ["predict", tmp_path / "model.npz", "3", "--max-steps", "9", "--picture", tmp_path / "tape.png"]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "tape.png").read_bytes().startswith(b"\x89PNG")
