"""A whole configuration for any gymnasium environment: its task, a model that fits it, and how long to search.

What is measured here, such as bounds of observations, goes into the configuration as numbers: a run depends on nothing
else. Everything can be changed like any other setting.
"""

from collections.abc import Callable, Mapping
from typing import Any

import gymnasium
import numpy as np

from emergent.tasks.environment import Environment
from envs.compiled import COMPILED

# Bounds of those whose own are not finite, by what happens while somebody is any good at it.
_BOUNDS = {"CartPole-v1": [[-2.4, 2.4], [-3.0, 3.0], [-0.21, 0.21], [-3.0, 3.0]]}
_STEPS, _EPISODES = 2000, 50  # of random actions, to see what is observed elsewhere
_HUGE = 1e6  # a bound beyond is none
_HORIZON = 1000  # control steps of an episode that would never end

Data = dict[str, Any]
SEARCH: Data = {"population": 32, "generations": 100}
EVALUATION: Data = {"episodes": 8, "renew_every": 5}


def task(env: str, asked: Mapping[str, Any]) -> Data:
    """The task of acting in an environment, as data.

    Args:
        env: what `gymnasium.make` takes.
        asked: settings of the task that are given; what they say is not looked for.

    Raises:
        ValueError: there is no such environment, or no model could act in it.
    """
    data = {"name": "environment", "id": env, **asked}
    if "max_steps" not in data and env not in COMPILED and _endless(data):
        data["max_steps"] = _HORIZON
    if "bounds" not in data and (bounds := _bounds(env, data)) is not None:
        data["bounds"] = bounds
    return data


def _endless(data: Data) -> bool:
    """Whether nothing ends the episodes of an environment after a number of steps."""
    spec = gymnasium.registry.get(data["id"].rpartition(":")[2])
    return spec is not None and spec.max_episode_steps is None and not data["id"].startswith("envs:")


def _bounds(env: str, data: Data) -> list[list[float]] | None:
    """Bounds of each number that is observed; None if the environment has finite ones itself.

    What is observed under random actions is stretched to twice its range, for somebody who is any good gets further.
    """
    if env in _BOUNDS and not data.get("kwargs"):
        return _BOUNDS[env]
    probe = Environment.model_validate({**data, "observe_reward": None})
    low, high = np.array(probe.low, np.float64), np.array(probe.high, np.float64)
    known = (np.abs(low) < _HUGE) & (np.abs(high) < _HUGE) & (low < high)
    if known.all():
        return None
    least, most = _seen(probe)
    middle, reach = (least + most) / 2, most - least
    reach = np.where(reach > 0, reach, np.maximum(np.abs(middle), 1.0))  # what never changed
    low, high = np.where(known, low, middle - reach), np.where(known, high, middle + reach)
    return [[_rounded(a), _rounded(b)] for a, b in zip(low, high, strict=True)]


def _seen(probe: Environment) -> tuple[np.ndarray, np.ndarray]:
    """The least and the largest of each number that is observed under random actions; the same every time."""
    made = probe.make()
    made.action_space.seed(0)
    seen, steps = [], 0
    try:
        for episode in range(_EPISODES):
            seen.append(made.reset(seed=episode)[0])
            over = False
            while not over and steps < _STEPS:
                observation, _, terminated, truncated, _ = made.step(made.action_space.sample())
                seen.append(observation)
                over, steps = terminated or truncated, steps + 1
    finally:
        made.close()
    found = np.array(seen, np.float64)
    return found.min(axis=0), found.max(axis=0)


def _rounded(number: float) -> float:
    """To three digits: what was measured is not known better."""
    return float(f"{number:.3g}")


# --- models ----------------------------------------------------------------------------------------------------------


def fitted(model: Mapping[str, Any], inputs: int, outputs: int) -> Data:
    """The model of a preset, laid out anew for so many inputs and outputs; its rule stays as it is.

    Raises:
        ValueError: the model is laid out in another way than those that can be.
    """
    if "baseline" in model:
        return dict(model)
    try:
        laid = _LAYOUTS[model["space"]["name"]](model, inputs, outputs)
    except (KeyError, TypeError):  # no such space, or cells given one by one
        raise ValueError(
            "this model is made for a task of its own, and is not laid out anew for another; those that are: control, "
            "retained, reset, indirect, one_channel, lookup, life, linear, mlp, and what is derived from them"
        ) from None
    return {**model, **laid}


def _grid(model: Mapping[str, Any], inputs: int, outputs: int) -> Data:
    """Columns of inputs between the columns that are read: an output sees the inputs beside it, and no other output.

    A row for each input, and one for a constant; inputs and outputs as far apart as they were. The read-out is scaled
    as if every row had the same say as before.
    """
    decoder = model["decoder"]
    apart = abs(model["encoder"]["at"]["column"] - decoder["zones"][0]["column"])
    rows, width = inputs + 1, apart * max(1, 2 * outputs - 2) + 1
    gain = decoder.get("gain", 1.0) * rows / model["space"]["height"]
    program = dict(model.get("initial_state", {}))
    if program.get("coefficients"):
        program["coefficients"] = min(program["coefficients"], rows * width)
    return {
        "space": {**model["space"], "height": rows, "width": width},
        "encoder": {**model["encoder"], "at": {"column": list(range(apart, width, 2 * apart))}},
        "decoder": {
            **decoder,
            "zones": [{"column": 2 * apart * j} for j in range(outputs)],
            "gain": float(f"{gain:.3g}"),
        },
        "initial_state": program,
    }


def _tape(model: Mapping[str, Any], inputs: int, outputs: int) -> Data:
    """Stretch after stretch, one for each output: cells of the program and of all inputs take turns."""
    stretch = 2 * inputs * model["encoder"]["bins"]
    firsts = [1 + stretch * j for j in range(outputs)]
    return {
        "space": {**model["space"], "cells": stretch * outputs + 2},
        "encoder": {**model["encoder"], "at": {"first": firsts, "every": 2}},
        "decoder": {**model["decoder"], "zones": [{"cells": [first, first + stretch, 2]} for first in firsts]},
    }


def _board(model: Mapping[str, Any], inputs: int, outputs: int) -> Data:
    """Three columns for each output, with all inputs in the middle one, every other row."""
    rows = 2 * inputs * model["encoder"]["bins"]
    zones = [{"rows": [0, rows], "columns": [3 * j, 3 * j + 3]} for j in range(outputs)]
    columns = [3 * j + 1 for j in range(outputs)]
    return {
        "space": {**model["space"], "height": rows, "width": 3 * outputs},
        "encoder": {**model["encoder"], "at": {"column": columns, "first": 0, "every": 2}},
        "decoder": {**model["decoder"], "zones": zones},
    }


_LAYOUTS: dict[str, Callable[[Mapping[str, Any], int, int], Data]] = {"grid": _grid, "tape": _tape, "board": _board}
