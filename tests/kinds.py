"""The models that the shared suites run over: every registered part is in one of them.

Each kind is one combination of types, so one compilation; everything else about a model is a value.
"""

from typing import Any

_GRID: dict[str, Any] = {
    "space": {"name": "grid", "height": 12, "width": 9, "boundary": "periodic"},
    "rule": {"name": "convolution"},
    "encoder": {"name": "injection"},
    "halting": {"name": "steps", "steps": 5},
    "decoder": {"name": "readout", "at": {"column": -1}},
}
_TAPE: dict[str, Any] = {
    "space": {"name": "tape", "cells": 90, "boundary": "periodic"},
    "rule": {"name": "lookup", "code": 110},
    "encoder": {"name": "thermometer", "at": {"first": 0}, "bins": 4},
    "halting": {"name": "steps", "steps": 12},
    "decoder": {"name": "zone_counts", "zones": [{"cells": [50, 60]}, {"cells": [60, 70]}]},
}
_BOARD: dict[str, Any] = {
    "space": {"name": "board", "height": 44, "width": 8, "boundary": "periodic"},
    "rule": {"name": "life"},
    "encoder": {"name": "one_hot", "at": {"column": 0}, "bins": 4},
    "halting": {"name": "steps", "steps": 5},
    "decoder": {"name": "zone_counts", "zones": [{"row": 3}, {"row": 8}]},
}
_WIDE = {"name": "convolution", "size": 5, "kernel": 0.1, "activation": "softsign"}
_EDGES = [{"rows": [0, 6], "columns": [7, 8]}, {"rows": [6, 12], "columns": [7, 8]}]  # two halves of column 7

KINDS: dict[str, dict[str, Any]] = {
    "grid": _GRID,
    "gated grid": _GRID | {"halting": {"name": "threshold", "at": [[6, 4]], "level": 0.5, "max_steps": 20}},
    "tape": _TAPE,
    "gated tape": _TAPE | {"halting": {"name": "threshold", "at": [80], "level": 1, "max_steps": 30}},
    "board": _BOARD,
    "ring": {  # as the continuous ring on cart-pole, with a memory
        "space": {"name": "line", "cells": 30, "channels": 2, "boundary": "periodic"},
        "rule": {"name": "ode", "coefficients": [0.01, -0.1, -0.3, 0.2, -0.9, -0.3, -0.4, 0.2, -0.3]},
        "encoder": {"name": "injection", "at": {"every": 2}, "clip": True, "gain": 2, "offset": -1, "held": False},
        "halting": {"name": "steps", "steps": 5},
        "decoder": {"name": "sign", "at": [25]},
    },
    "noisy grid": _GRID
    | {
        "rule": {"name": "stochastic", "of": _WIDE, "noise": 0.05},
        "halting": {"name": "chance", "of": {"name": "threshold", "at": [[6, 4]], "max_steps": 20}, "chance": 0.1},
        "decoder": {"name": "border_softmax", "zones": _EDGES, "temperature": 0.5},
    },
    "gated diverging grid": _GRID  # as the Convolutional Turing Machine
    | {
        "space": {"name": "grid", "height": 12, "width": 9, "boundary": "edge"},
        "rule": {"name": "convolution", "activation": "identity", "kernel": 0.9, "dt": 0.5, "leak": 0.0},
        "halting": {"name": "threshold", "at": [[6, 8]], "level": 9.0, "damping": 0.3, "max_steps": 20},
    },
    "reacting grid": _GRID
    | {
        "space": {"name": "grid", "height": 12, "width": 9, "channels": 2, "boundary": "periodic"},
        "rule": {"name": "gray_scott"},
    },
    "rewarded grid": _GRID
    | {
        "encoder": {
            "name": "rewarded",
            "of": {"name": "injection", "at": {"column": 0}},
            "reward": {"name": "thermometer", "at": {"column": 4, "first": 2, "every": 1}, "bins": 3},
        }
    },
    "noisy tape": {  # as EM-4/3: position codes, and halting by a share
        "space": {"name": "tape", "cells": 90, "states": 4},
        "rule": {"name": "stochastic", "of": {"name": "lookup", "code": 3**80}, "noise": 0.01},
        "encoder": {"name": "marker", "at": {"first": 0}, "span": 4, "lit": 2, "held": False},
        "halting": {"name": "chance", "of": {"name": "share", "state": 3, "share": "2/5"}, "chance": 0.05},
        "decoder": {"name": "marker_position", "zones": [{"cells": [50, 60]}, {"cells": [60, 70]}], "state": 2},
    },
    "speaking board": {  # as the authors' Game of Life language model: patches at one edge, tallies at the other
        "space": {"name": "board", "height": 44, "width": 8},
        "rule": {"name": "tallying", "of": "life", "counted": 1, "cleared": 2},
        "encoder": {"name": "patch", "at": {"column": 0, "first": 2}, "symbols": 2, "size": 1, "spacing": 3},
        "halting": {"name": "tally", "level": 5, "cleared": 2, "max_steps": 20},
        "decoder": {"name": "tally_softmax"},
    },
    "noisy board": {  # a rule that is random, and activity at an edge
        "space": {"name": "board", "height": 44, "width": 8},
        "rule": {"name": "stochastic", "of": "life", "noise": 0.02},
        "encoder": {"name": "patch", "at": {"column": 0, "first": 2}, "symbols": 2, "size": 1, "spacing": 3},
        "halting": {"name": "activity", "zone": {"column": -1}, "level": 16, "max_steps": 20},
        "decoder": {"name": "border_softmax", "zones": _EDGES},
    },
}

_REWARDED: dict[str, Any] = {
    "name": "rewarded",
    "of": {
        "name": "patch",
        "at": {"column": 0, "first": 4},
        "symbols": 11,
        "cleared": [{"column": 0}, {"row": 0}, {"row": -1}],
    },
    "reward": {
        "name": "thermometer",
        "at": {"row": [0, -1], "first": 19, "every": 2},
        "bins": 7,
        "presence": [{"rows": [0, 1], "columns": [8, 13]}, {"rows": [60, 61], "columns": [8, 13]}],
    },
}


def speaking(level: int, temperature: float) -> Any:
    """The configuration of the authors' Game of Life language model with its reward phase, but for these numbers."""
    from emergent.config import read

    changes = [f"model.halting.level={level}", f"model.decoder.temperature={temperature}", "task.observe_reward=true"]
    of = {"name": "stochastic", "of": "life", "noise": 0.01, "when": "before"}
    rule = {"name": "tallying", "of": of, "rows": [1, 60]}
    return read("life_lm", changes, model={"rule": rule, "encoder": _REWARDED, "halting": {"max_steps": 60}})
