"""Media, and how what they put out splits into program, present input and past.

The output of a medium at thought t is a function of three independent things: the program, the past (all inputs before
this thought) and the present input. Of its variance, the *total share* of one of them is what remains when the other
two are known,

    E[Var(y | the other two)] / Var(y),

estimated by drawing that one anew while the others stay: the mean of (y - y')^2 / 2 (Jansen, "Analysis of variance
designs for model output", Comput. Phys. Commun. 117, 1999; Saltelli et al., the same 181, 2010, table 2 f). Total
shares add up to 1 or more: what two of them decide together counts for both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from emergent import Blueprint, Model, phi_prime
from emergent.inference import Kept
from emergent.randomness import generator
from emergent.view.palette import roles

INPUTS, OUTPUTS = 10, 2  # the interface of the toy car
TIMES = (1, 2, 3, 5, 7, 10, 14, 20, 30, 50, 70, 100, 140, 200)  # thoughts at which shares are measured
PAIRS = 2048  # of programs, pasts and present inputs
EARLY = 10  # thoughts whose inputs are the early part of the past
SHARES = ("program", "present", "past", "early")
SMOOTH = 0.95  # of an input, its correlation from one thought to the next
SPREADS, SPREADS_AT = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0), 50  # of gains, and the thought at which they are compared


# --- media -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Medium:
    """A space and a rule with the car's interface, and how it behaves.

    Fields:
        title: what it is called; behaviour: the heading of the page under which it stands.
        parts: of its Blueprint.
        walls: whether programs are drawn from the states 2 and 3 alone, in place of all.
    """

    title: str
    behaviour: str
    parts: Mapping[str, Any]
    walls: bool = False

    @property
    def blueprint(self) -> Blueprint:
        return Blueprint(**self.parts, low=[0.0] * INPUTS, high=[1.0] * INPUTS, outputs=OUTPUTS)

    def programs(self, count: int, family: str) -> np.ndarray:
        """Random programs (count, cells), as a search would first draw them."""
        layout = self.blueprint.layout
        drawn, _ = layout.grow(layout.sample(generator(0, family), count))
        return 2 + drawn % 2 if self.walls else drawn

    def program_cells(self, model: Model) -> np.ndarray:
        """The bare cells that hold the program: the gains, or else all that no input is written to."""
        cells = np.arange(len(model.initial_state))
        if getattr(model.space, "channels", 1) == 2:
            return cells[len(cells) // 2 :]
        return np.setdiff1d(cells, roles(model)["input"])


def sheet(self_weight: float, spread: float = 0.5, read_out: float = 240.0, **more: Any) -> dict[str, Any]:
    """The grid of 11 x 3 real cells: inputs in the middle column, outputs from the left and the right one.

    Args:
        self_weight: the kernel's weight of a cell on itself. spread: the standard deviation of the program's numbers.
        read_out: the gain of the output. more: `channels`, 2 unless given; settings of the rule.
    """
    channels = more.pop("channels", 2)
    beside = [0.02, 0.02, 0.02]
    return {
        "space": {"name": "grid", "height": 11, "width": 3, "channels": channels},
        "rule": {"name": "convolution", "kernel": [beside, [0.1, self_weight, 0.1], beside]} | more,
        "encoder": {"name": "injection", "at": {"column": 1}, "gain": 2.0, "offset": -1.0},  # from -1 to 1
        "halting": {"name": "steps", "steps": 2},
        "decoder": {"name": "readout", "zones": [{"column": 0}, {"column": 2}], "gain": read_out},
        "initial_state": {"channel": channels - 1, "spread": spread},
    }


def unsigned(parts: dict[str, Any]) -> dict[str, Any]:
    """The same with inputs from 0 to 1, as the presets inject them."""
    return parts | {"encoder": {"name": "injection", "at": {"column": 1}}}


def tape(states: int, **rule: Any) -> dict[str, Any]:
    """The tape of 162 cells: two copies of the inputs, 4 cells each, with a cell of the program between any two."""
    return {
        "space": {"name": "tape", "cells": 162, "states": states},
        "rule": {"name": "lookup", **rule},
        "encoder": {"name": "thermometer", "at": {"first": [1, 82], "every": 2}, "bins": 4, "held": False},
        "halting": {"name": "steps", "steps": 1},
        "decoder": {"name": "zone_counts", "zones": [{"cells": [1, 80, 2]}, {"cells": [82, 161, 2]}], "state": 1},
    }


def board() -> dict[str, Any]:
    """A board of 40 x 31 cells: inputs in the middle column, outputs from the halves on either side of it."""
    halves = [{"rows": [0, 40], "columns": columns} for columns in ([0, 15], [16, 31])]
    return {
        "space": {"name": "board", "height": 40, "width": 31},
        "rule": {"name": "life"},
        "encoder": {"name": "thermometer", "at": {"column": 15}, "bins": 4, "held": False},
        "halting": {"name": "steps", "steps": 4},
        "decoder": {"name": "zone_counts", "zones": halves, "state": 1},
    }


def wall_table() -> list[int]:
    """next(l, c, r): a cell in state 2 or 3 stays; one in 0 or 1 is turned over where just one neighbour is odd."""
    return [c if c >= 2 else c ^ ((left ^ right) & 1) for left in range(4) for c in range(4) for right in range(4)]


CLIP = {"activation": "clip"}
AS_PRESETS = "with inputs from 0 to 1"
ONE = {"channels": 1, "activation": "tanh"}
MEDIA = {
    "channels": Medium("two channels", "holds", sheet(0.0, **CLIP)),
    "memory": Medium("two channels, self-weight 0.1", "holds", sheet(0.1, **CLIP)),
    "wide": Medium("two channels, spread 10", "holds", sheet(0.0, 10.0, 12.0, **CLIP)),
    "walls": Medium("tape with walls", "holds", tape(4, table=wall_table()), walls=True),
    "latch": Medium("two channels, spread 10, self-weight 0.1", "latches", sheet(0.1, 10.0, 12.0, **CLIP)),
    "bistable": Medium("one channel, self-weight 1.5", "latches", sheet(1.5, 0.1, 4.0, **ONE)),
    "fading": Medium("one channel, self-weight 0.7", "erodes", sheet(0.7, 0.5, 4.0, **ONE)),
    "rule 90": Medium("tape, rule 90", "erodes", tape(2, code=90)),
    "rule 150": Medium("tape, rule 150", "scrambles", tape(2, code=150)),
    "rule 110": Medium("tape, rule 110", "scrambles", tape(2, code=110)),
    "life": Medium("life", "scrambles", board()),
    "drift": Medium("two channels, drift 0.05", "blurs", sheet(0.0, drift=0.05, **CLIP)),
}
UNSIGNED = {  # in the table, not in the figure
    "unsigned": Medium("two channels", AS_PRESETS, unsigned(sheet(0.0, **CLIP))),
    "preset": Medium(
        "two channels, self-weight 0.1, read-out 120", AS_PRESETS, unsigned(sheet(0.1, 0.5, 120.0, **CLIP))
    ),
    "stuck": Medium("two channels, spread 10, self-weight 0.1", AS_PRESETS, unsigned(sheet(0.1, 10.0, 12.0, **CLIP))),
}


# --- measurement -----------------------------------------------------------------------------------------------------


def past(thoughts: int, count: int, family: str, anew: int | None = None) -> np.ndarray:
    """Smooth inputs (thoughts, count, INPUTS) in [0, 1]: AR(1) of unit variance, through a logistic function.

    After `anew` thoughts they begin anew, so that what is before and what is after are independent.
    """
    noise = generator(0, family).standard_normal((thoughts, count, INPUTS))
    walk = np.empty_like(noise)
    for t in range(thoughts):
        walk[t] = SMOOTH * walk[t - 1] + np.sqrt(1 - SMOOTH**2) * noise[t] if t not in (0, anew) else noise[t]
    return (1 / (1 + np.exp(-1.7 * walk))).astype(np.float32)  # nearly uniform


def total_shares(outputs: np.ndarray) -> dict[str, float | None]:
    """The share of each in SHARES of the variance of the output, by Jansen's estimator; None where nothing varies.

    Args:
        outputs: (5, pairs, outputs): as drawn first, then with each in SHARES drawn anew. Variances are summed over
            outputs (Lamboni, Monod, Makowski, Reliab. Eng. Syst. Saf. 96, 2011).
    """
    base, others = outputs[0], outputs[1:]
    variance = outputs.reshape(-1, outputs.shape[-1]).var(axis=0).sum()
    changes = np.square(others - base).sum(axis=2).mean(axis=1) / 2
    return {name: float(c / variance) if variance > 1e-12 else None for name, c in zip(SHARES, changes, strict=True)}


def standard_error(outputs: np.ndarray, draws: int = 50) -> float:
    """The largest standard error of the shares: a bootstrap over pairs."""
    rows = generator(0, "bootstrap").integers(0, outputs.shape[1], (draws, outputs.shape[1]))
    found = [list(total_shares(outputs[:, some]).values()) for some in rows]
    return 0.0 if found[0][0] is None else float(np.std(found, axis=0).max())


def correlation(now: np.ndarray, then: np.ndarray) -> float:
    """Of cells (programs, cells) with what they were, over programs; 0 where programs do not differ."""
    now, then = now - now.mean(axis=0), then - then.mean(axis=0)
    size = np.sqrt(np.square(now).sum() * np.square(then).sum())
    return float((now * then).sum() / size) if size > 1e-9 else 0.0


def think(model: Model, cells: np.ndarray, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The outputs of a thought, limited to [-1, 1] as an action is, and the state in which it ends."""
    thought = phi_prime(model, inputs, Kept(cells, np.zeros(len(cells), np.uint64)))
    return np.clip(thought.output.astype(float), -1, 1), thought.kept.cells


def measure(medium: Medium, times: Sequence[int] = TIMES, pairs: int = PAIRS) -> dict[str, list]:
    """What decides the output at each of these thoughts: a list over `times` for each quantity.

    The present input is drawn apart from the past, however smooth that is: what shares a variance must be independent.

    Returns:
        The shares; "error": the largest standard error of these; "mean" and "sd" of the output. Of the program's cells
        after the thought, "left": the correlation with what they were; "size": their deviation over what it was.
    """
    model = medium.blueprint.template
    places = medium.program_cells(model)
    programs, others = (medium.programs(pairs, f"programs {which}") for which in "ab")
    pasts, other_pasts = (past(max(times), pairs, f"past {which}", EARLY) for which in "ab")
    presents, other_presents = (past(len(times), pairs, f"present {which}") for which in "ab")
    begun_otherwise = np.concatenate([other_pasts[:EARLY], pasts[EARLY:]])
    lived = pasts, pasts, other_pasts, begun_otherwise
    # as drawn first; another program; another past; another early past
    cells = np.concatenate([programs, others, programs, programs])
    found: dict[str, list] = {name: [] for name in (*SHARES, "error", "mean", "sd", "left", "size")}
    for t in range(1, max(times) + 1):
        if t in times:
            now, other = presents[times.index(t)], other_presents[times.index(t)]
            first, changed, *later = np.split(cells, 4)
            states = np.concatenate([first, changed, first, *later])
            output, ended = think(model, states, np.concatenate([now, now, other, now, now]))
            outputs = output.reshape(5, pairs, -1)
            then, kept = programs[:, places].astype(float), ended[:pairs, places].astype(float)
            row = total_shares(outputs) | {
                "error": standard_error(outputs),
                "mean": float(output.mean()),
                "sd": float(np.sqrt(outputs.reshape(-1, outputs.shape[-1]).var(axis=0).mean())),
                "left": correlation(kept, then),
                "size": float(np.sqrt(kept.var(axis=0).sum() / then.var(axis=0).sum())),
            }
            for name, value in row.items():
                found[name].append(value if value is None else round(value, 4))
        _, cells = think(model, cells, np.concatenate([which[t - 1] for which in lived]))
    return found


def changing(medium: Medium, times: Sequence[int], programs: int = 64) -> list[dict[str, float]]:
    """Which share of a board lives, and which has changed since the thought before, at each of these thoughts."""
    states = film(medium, max(times), programs)
    found = []
    for t in times:
        alive, other = states[t].mean(), (states[t] != states[t - 1]).mean()
        found.append({"thought": t, "alive": round(float(alive), 4), "changed": round(float(other), 4)})
    return found


def settled(gains: np.ndarray, begin: float, u: float = 0.5, self_weight: float = 0.1) -> np.ndarray:
    """Where a cell of each gain (n,) comes to rest that reads an input `u` and itself, from the signal `begin`."""
    parts = unsigned(sheet(self_weight, **CLIP))
    parts["rule"] = parts["rule"] | {"kernel": [[0.0] * 3, [0.1, self_weight, 0.0], [0.0] * 3]}
    parts["encoder"] = parts["encoder"] | {"constant": u}
    model = Medium("", "", parts).blueprint.template
    cells = np.zeros((len(gains), 2, 11, 3), np.float32)
    cells[:, 0, :, 2], cells[:, 1, :, 2] = begin, gains[:, None]
    cells = cells.reshape(len(gains), -1)
    for _ in range(300):
        _, cells = think(model, cells, np.full((len(gains), INPUTS), u, np.float32))
    return cells.reshape(len(gains), 2, 11, 3)[:, 0, 5, 2]


def film(medium: Medium, thoughts: int, programs: int = 1) -> np.ndarray:
    """The states (thoughts + 1, programs, cells) at the beginning and after each thought, of smooth inputs."""
    model = medium.blueprint.template
    states = [medium.programs(programs, "film")]
    for inputs in past(thoughts, programs, "film"):
        states.append(think(model, states[-1], inputs)[1])
    return np.array(states)
