"""What several test modules share."""

import copy
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

# Each kind is one combination of types, so one compilation; everything else about a model is a value.
_KINDS: dict[str, dict[str, Any]] = {
    "grid": {
        "space": {"name": "grid", "height": 12, "width": 9, "boundary": "periodic"},
        "rule": {"name": "convolution"},
        "encoder": {"name": "injection"},
        "halting": {"name": "steps", "steps": 5},
        "decoder": {"name": "readout", "at": {"column": -1}},
    },
    "gated grid": {"halting": {"name": "threshold", "at": [[6, 4]], "level": 0.5, "max_steps": 20}},
    "tape": {
        "space": {"name": "tape", "cells": 90, "boundary": "periodic"},
        "rule": {"name": "lookup", "code": 110},
        "encoder": {"name": "thermometer", "at": {"first": 0}, "bins": 4},
        "halting": {"name": "steps", "steps": 12},
        "decoder": {"name": "zone_counts", "zones": [{"cells": [50, 60]}, {"cells": [60, 70]}]},
    },
    "gated tape": {"halting": {"name": "threshold", "at": [80], "level": 1, "max_steps": 30}},
    "board": {
        "space": {"name": "board", "height": 12, "width": 11, "boundary": "periodic"},
        "rule": {"name": "life"},
        "encoder": {"name": "one_hot", "at": [[y, x] for y in range(4) for x in range(10)], "bins": 4},
        "halting": {"name": "steps", "steps": 5},
        "decoder": {"name": "zone_counts", "zones": [{"row": 3}, {"row": 8}]},
    },
}
_KINDS["gated grid"] = _KINDS["grid"] | _KINDS["gated grid"]
_KINDS["gated tape"] = _KINDS["tape"] | _KINDS["gated tape"]
INPUTS, OUTPUTS = 10, 2  # those of the toy car
_NO_DATA = "no test data"


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of test data that are no part of the project; it holds `tracks/`."""
    chosen = os.environ.get("EMERGENT_TEST_DATA")
    folder = Path(chosen) if chosen else Path(__file__).parents[2] / "shared"
    if not (folder / "tracks").is_dir():
        pytest.skip(f"{_NO_DATA}: {folder} has no folder `tracks`; set EMERGENT_TEST_DATA")
    return folder


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many tests did not run for want of data, also where that is none."""
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if _NO_DATA in str(report.longrepr)]
    terminalreporter.write_line(f"{len(skipped)} tests skipped for want of test data (EMERGENT_TEST_DATA)")


@pytest.fixture(scope="session")
def blueprint() -> Callable[..., Any]:
    """Makes blueprints: `blueprint("gated tape", inputs=3, retained=False, rule={"code": 30})` changes what it says."""
    from emergent.model import Blueprint

    def make(kind: str, inputs: int = INPUTS, outputs: int = OUTPUTS, **changes: Any) -> Blueprint:
        parts = copy.deepcopy(_KINDS[kind])
        for name in parts:
            changed = changes.pop(name, {})
            replaced = {
                "name",
                "code",
                "table",
                "at",
                "zones",
            } & changed.keys()  # alternatives: one replaces the others
            for group in ({"code", "table"}, {"at", "zones"}):
                if replaced & group:
                    parts[name] = {key: value for key, value in parts[name].items() if key not in group}
            parts[name] = {**parts[name], **changed}
        return Blueprint(**parts, low=[0.0] * inputs, high=[1.0] * inputs, outputs=outputs, **changes)

    return make


@pytest.fixture(scope="session")
def baseline() -> Callable[..., Any]:
    """Makes blueprints of baselines for the toy car: `baseline("mlp", hidden=4)`."""
    import envs.drivers  # noqa: F401 - it registers the hand-written driver
    from emergent.model import BaselineBlueprint

    def make(name: str, inputs: int = INPUTS, outputs: int = OUTPUTS, **settings: Any) -> BaselineBlueprint:
        return BaselineBlueprint({"name": name, **settings}, [0.0] * inputs, [1.0] * inputs, outputs)

    return make


@pytest.fixture(scope="session")
def individual() -> Callable[..., Any]:
    """Grows one individual of a blueprint from a drawn genome: a model, or a baseline."""

    def grow(blueprint: Any, seed: int = 0) -> Any:
        genome = blueprint.layout.sample(np.random.default_rng(seed), 1)
        initial_states, parameters = blueprint.layout.grow(genome)
        return blueprint.individual(initial_states[0], parameters[0])

    return grow


class Steady(NamedTuple):
    """A reference driver for worlds whose scores do not matter: 20 m/s, so that nothing has to be computed."""

    speed: float = 20.0

    def distance_at(self, time: Any) -> np.ndarray:
        return self.speed * np.asarray(time)


@pytest.fixture(scope="session")
def ring() -> Any:
    """A circular track of 40 m radius, 8 m wide, driven counter-clockwise."""
    from envs.track import Track

    angle = 2 * np.pi * np.arange(120) / 120
    centre = 40.0 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return Track("ring", centre, np.full(120, 4.0), np.full(120, 4.0), "test")


@pytest.fixture(scope="session")
def world() -> Callable[..., Any]:
    """Makes the car's world of tracks, with a reference driver at 20 m/s."""
    from envs.limits import Limits
    from envs.world import build

    def make(*tracks: Any, limits: Mapping[str, float] | None = None, **settings: Any) -> Any:
        return build(tracks, Limits(**(limits or {})), **settings, driven=[Steady()] * len(tracks))

    return make


@pytest.fixture(scope="session")
def watch() -> Callable[..., np.ndarray]:
    """Runs a model from these bare cells, whatever its program; returns every state, (micro-steps + 1, cells)."""
    from emergent.inference import Kept, phi_prime
    from emergent.verbs import levels

    def run(blueprint: Any, cells: Any, x: Any = None) -> np.ndarray:
        model = blueprint.template
        dtype = np.uint8 if levels(model.space) else np.float32
        kept = Kept(np.asarray(cells).astype(dtype).reshape(1, -1), np.zeros(1, np.uint64))
        x = np.zeros(len(blueprint.low)) if x is None else x
        return phi_prime(model, x, kept, film=True).film

    return run
