"""What a cell looks like: one colour for each value or state, and the role that outlines it. No window is needed."""

import numpy as np

from emergent.model import Model
from emergent.verbs import blank, storage

Color = tuple[int, int, int]

GROUND: Color = (24, 27, 34)
PANEL: Color = (32, 36, 44)  # a little above the ground: bars, empty cells
FAINT: Color = (74, 80, 92)
MUTED: Color = (140, 147, 158)
TEXT: Color = (222, 225, 230)

# The colours of the paper, made to be told apart on a dark ground and by colour-blind eyes.
ROLES: dict[str, Color] = {
    "input": (92, 196, 108),
    "output": (82, 150, 240),
    "halting": (235, 76, 76),
    "reward": (245, 150, 50),
}
_CELLS_OF = {  # where the records of parts keep the storage of their cells
    "input": ("encoder", ("cells",)),
    "output": ("decoder", ("cells",)),
    "halting": ("halting", ("cell", "cells")),
    "reward": ("encoder", ("cells",)),
}

# Real cells: violet below, amber above, and nearly the ground at 0 so that activity is what shines.
_STOPS = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])
_DIVERGING = np.array([(206, 190, 250), (122, 92, 196), (36, 40, 49), (190, 120, 44), (253, 226, 160)], float)
_STATES = np.array(  # none like the colour of a role
    [
        *((36, 40, 49), (240, 200, 120), (72, 164, 172), (206, 124, 170), (150, 128, 210)),
        *((170, 170, 120), (176, 104, 84), (110, 140, 170), (226, 226, 226)),
    ],
    np.uint8,
)
_TURN = 0.618034  # of the colour circle, from one further state to the next: neighbours are far apart


def roles(model: Model) -> dict[str, np.ndarray]:
    """Which bare cells, in reading order, have which role; a part that names no cells of its own has none.

    What a part keeps in the border, such as tallies, is no cell.

    Returns:
        For "input", "output", "halting" and "reward" the sorted indices of its cells (n,), each once.
    """
    stored = storage(model.space).ravel()
    bare = np.full(len(blank(model.space)), -1)
    bare[stored] = np.arange(len(stored))
    found = {}
    for role, (name, fields) in _CELLS_OF.items():
        part = getattr(model, name)
        part = (
            getattr(part, "reward", None) if role == "reward" else getattr(part, "of", part)
        )  # what it holds has the cells
        cells = [np.atleast_1d(getattr(part, field, [])) for field in fields]
        places = bare[np.concatenate(cells).astype(int)]
        found[role] = np.unique(places[places >= 0])
    return found


def sheets(model: Model, cells: np.ndarray) -> np.ndarray:
    """Bare cells (..., cells) as pictures (..., channels, rows, columns); a tape or a line is one row."""
    shape = storage(model.space).shape
    channels, rows, columns = {1: (1, 1, *shape), 2: (shape[0], 1, shape[-1])}.get(len(shape), shape)
    return cells.reshape(*cells.shape[:-1], channels, rows, columns)


def colours(values: np.ndarray, states: int, scale: float = 1.0) -> np.ndarray:
    """The colours of cells, (..., 3) uint8.

    Args:
        values: (...) cells.
        states: how many states there are; 0 for real cells, of which -scale and scale get the strongest colours.
    """
    if states:
        return state_colours(states)[values.astype(int)]
    share = np.clip(np.nan_to_num(values / scale), -1.0, 1.0)
    return np.stack([np.interp(share, _STOPS, _DIVERGING[:, i]) for i in range(3)], axis=-1).round().astype(np.uint8)


def state_colours(states: int) -> np.ndarray:
    """A colour for each of 0..states-1, (states, 3) uint8; state 0 is nearly the ground."""
    if states <= len(_STATES):
        return _STATES[:states]
    hues = 2 * np.pi * _TURN * np.arange(states - len(_STATES))
    further = 140 + 70 * np.cos(hues[:, None] - 2 * np.pi / 3 * np.arange(3))
    return np.concatenate([_STATES, further.round().astype(np.uint8)])


class Scale:
    """The value that gets the strongest colour: it follows the largest values, up quickly, down slowly.

    Were it fixed, a faint automaton would be black; were it the momentary maximum, one that fades would never look so.
    """

    def __init__(self) -> None:
        self.value = 0.0

    def follow(self, values: np.ndarray) -> None:
        """Take note of the values of a thought."""
        wanted = float(np.nanquantile(np.abs(values), 0.99)) if values.size else 0.0
        wanted = wanted if np.isfinite(wanted) else 1.0
        rate = 1.0 if not self.value else 0.3 if wanted > self.value else 0.02
        self.value += rate * (wanted - self.value)

    def __float__(self) -> float:
        return max(self.value, 1e-6)
