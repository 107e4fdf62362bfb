"""What several test modules share."""

import copy
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from kinds import KINDS

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
        parts = copy.deepcopy(KINDS[kind])
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
