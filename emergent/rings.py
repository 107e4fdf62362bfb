"""Rings as others publish them: the coefficients of a differential equation as JSON, and the same as a model file.

A published file holds `coefficients` (k0 to k6 by name, or a list of the seven), `cells`, `dt`, `micro_steps` and
`integrator` ("RK4" or "Euler"); and where it likes `initial_state` (zeros). All else are notes: they are kept, so that
the file can be written again as it was, and never parsed. What the notes of the published ring say holds for all of
them (BrightStarLabs/cart-pole-em):

- the cells stand on a ring and follow the polynomial of `emergent.rules.ode`;
- once a thought the four numbers that a cart-pole observes are clipped to LIMITS, divided by them, and overwrite the
  cells at 0, 1, 3 and 4 fifths of the ring, rounded down to whole cells a fifth;
- the second of two actions is taken where the cell at 2 fifths is at least 0, else the first;
- the state is retained.

So a ring is a model of parts like any other, and what a file says of it is kept under "published" in its `about`.
"""

import json
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from emergent.files import DamagedFileError, write_whole
from emergent.model import Blueprint
from emergent.model_file import ModelFile

ID = "CartPole-v1"
LIMITS = (2.4, 3.0, 0.418, 4.0)  # m, m/s, rad, rad/s
_REQUIRED = ("coefficients", "cells", "dt", "micro_steps", "integrator")
_NAMES = tuple(f"k{i}" for i in range(7))
_INTEGRATORS = {"RK4": "rk4", "Euler": "euler"}
_INPUTS, _OUTPUT = (0, 1, 3, 4), 2  # fifths of the ring
_MOST_CELLS, _MOST_STEPS, _LONGEST = 1 << 20, 1_000_000, 10.0
_LARGEST = float(np.finfo(np.float32).max)


def is_ring(document: Any) -> bool:
    """Whether a published document means a ring, right or wrong."""
    return isinstance(document, dict) and "coefficients" in document and "rule" not in document


def understood(document: Mapping[str, Any]) -> ModelFile:
    """The ring of a published document.

    Raises:
        ValueError: a key that matters is missing or wrong; the message says what was expected.
    """
    if missing := [name for name in _REQUIRED if name not in document]:
        raise ValueError(f"expected a ring, with {', '.join(_REQUIRED)}, got no {' and no '.join(missing)}")
    cells = _whole("cells", document["cells"], 5, _MOST_CELLS)
    micro_steps = _whole("micro_steps", document["micro_steps"], 1, _MOST_STEPS)
    dt = _number("dt", document["dt"])
    if not 0 < dt <= _LONGEST:
        raise ValueError(f"dt: expected a number above 0, at most {_LONGEST:g}, got {dt!r}")
    said = document["integrator"]
    known = {name.lower(): value for name, value in _INTEGRATORS.items()}
    if not isinstance(said, str) or said.lower() not in known:
        raise ValueError(f"integrator: expected {' or '.join(_INTEGRATORS)}, got {reprlib.repr(said)}")
    coefficients = _coefficients(document["coefficients"])
    first = document.get("initial_state", "zeros")
    if isinstance(first, str):  # a note
        program = np.zeros(cells, np.float32)
    else:
        program = np.array(_numbers("initial_state", first, cells), np.float32)
    plan = blueprint(cells, dt, micro_steps, known[said.lower()])
    parameters = np.array(coefficients, np.float32)
    genome = np.concatenate([program, parameters]).astype(np.float64)
    about = {"task": _task(), "action": {"n": 2}, "published": dict(document)}
    return ModelFile(plan, program, parameters, genome, about)


def blueprint(cells: int, dt: float, micro_steps: int, integrator: str) -> Blueprint:
    """A ring of so many cells, as the parts it is made of; `integrator` as the rule `ode` has it."""
    fifth = cells // 5
    return Blueprint(
        space={"name": "line", "cells": cells, "boundary": "periodic"},
        rule={"name": "ode", "integrator": integrator, "dt": dt},
        encoder={
            "name": "injection", "at": [fifth * place for place in _INPUTS], "clip": True, "gain": 2.0, "offset": -1.0,
            "constant": None, "held": False,
        },
        halting={"name": "steps", "steps": micro_steps},
        decoder={"name": "sign", "at": [fifth * _OUTPUT]},
        low=[-limit for limit in LIMITS],
        high=list(LIMITS),
        outputs=2,
        train_rule=True,
    )  # fmt: skip


def write(path: Path, model: ModelFile) -> None:
    """Write the file that a ring was published as: every key of it, in its order, with the same values.

    A ring that was never published gets a file of its numbers.

    Raises:
        ValueError: the model is no ring of this kind, or what is kept of its file does not say what the model does.
        OSError: as `emergent.files.write_whole`.
    """
    document = model.about.get("published")
    if document is None:
        document = _document(model)
    try:
        again = understood(document)
    except (TypeError, ValueError) as error:
        raise DamagedFileError(f"what is kept of its file is no ring ({error}); use another copy") from None
    if not _same(again, model):
        raise ValueError("expected a ring as `emergent.rings` has them, got a model that does something else")
    write_whole(path, json.dumps(document, indent=1, allow_nan=False).encode())


def _document(model: ModelFile) -> dict[str, Any]:
    """The numbers of a model that may be a ring."""
    parts = model.blueprint.template if isinstance(model.blueprint, Blueprint) else None
    kind = type(parts.rule).__name__ if parts is not None else "baseline"
    names = {"RK4Polynomial": "RK4", "EulerPolynomial": "Euler"}
    if parts is None or kind not in names or not hasattr(parts.halting, "max_steps"):
        raise ValueError(f"expected a tape or a ring, which can be exported, got a model of {kind}")
    return {
        "cells": int(parts.space.cells),
        "micro_steps": int(parts.halting.max_steps),
        "dt": float(parts.rule.dt),
        "integrator": names[kind],
        "coefficients": dict(zip(_NAMES, map(float, model.parameters), strict=True)),
        "initial_state": [float(cell) for cell in model.initial_state],
    }


def _same(one: ModelFile, other: ModelFile) -> bool:
    """Whether two models do the same: all that their parts do, but not how they would be searched."""

    def plain(model: ModelFile) -> list[Any]:
        policy = model.policy
        rule = policy.rule._replace(spread=0.0, limit=0.0, memory_rate=0.0, free=None)
        return [type(part) for part in policy[:5]], [*policy._replace(rule=rule)]  # type: ignore[return-value]

    if not isinstance(other.blueprint, Blueprint) or not hasattr(other.policy.rule, "memory_rate"):
        return False
    (kinds, values), (others, other_values) = plain(one), plain(other)
    return kinds == others and _equal(values, other_values)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return np.array_equal(one, other)


def _task() -> dict[str, Any]:
    """The task of a published ring, as a run's configuration has it."""
    bounds = [[-limit, limit] for limit in LIMITS]
    return {"name": "environment", "id": ID, "bounds": bounds, "solved": 500.0}


def _coefficients(given: Any) -> list[float]:
    if not isinstance(given, dict):
        return _numbers("coefficients", given, len(_NAMES))
    if given.keys() != set(_NAMES):
        missing = [name for name in _NAMES if name not in given]
        wrong = f"no {', '.join(missing)}" if missing else reprlib.repr(sorted(given.keys() - set(_NAMES), key=repr))
        raise ValueError(f"coefficients: expected {_NAMES[0]} to {_NAMES[-1]} and no others, got {wrong}")
    return [_number(f"coefficients.{name}", given[name]) for name in _NAMES]


def _numbers(name: str, given: Any, count: int) -> list[float]:
    if not isinstance(given, list):
        raise ValueError(f"{name}: expected a list of {count} numbers, got {reprlib.repr(given)}")
    if len(given) != count:
        raise ValueError(f"{name}: expected {count} numbers, got {len(given)}")
    return [_number(f"{name}, place {place} counted from 0", value) for place, value in enumerate(given)]


def _number(name: str, given: Any) -> float:
    # Not isinstance: true is an int to Python. A JSON number may be an int too large for a float.
    if type(given) not in (int, float) or abs(given) > _LARGEST:
        raise ValueError(f"{name}: expected a number that float32 can hold, got {reprlib.repr(given)}")
    return float(given)


def _whole(name: str, given: Any, least: int, most: int) -> int:
    if type(given) is not int or not least <= given <= most:
        raise ValueError(f"{name}: expected a whole number {least}..{most}, got {reprlib.repr(given)}")
    return given
