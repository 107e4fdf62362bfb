"""Which media hold a program: measures every number and draws every picture of docs/media.md.

    python docs/media.py

It writes docs/media/*.png and docs/media/media.json, and the table into the page. Seeds are fixed: it always gives the
same.

The output of a medium at thought t is a function of three independent things: the program, the past (all inputs before
this thought) and the present input. Of its variance, the *total share* of one of them is what remains when the other
two are known,

    E[Var(y | the other two)] / Var(y),

estimated by drawing that one anew while the others stay: the mean of (y - y')^2 / 2 (Jansen, "Analysis of variance
designs for model output", Comput. Phys. Commun. 117, 1999; Saltelli et al., the same 181, 2010, table 2 f). Total
shares add up to 1 or more: what two of them decide together counts for both.
"""

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from emergent import Blueprint, Model, phi_prime
from emergent.inference import Kept
from emergent.randomness import generator
from emergent.verbs import levels
from emergent.view.palette import ROLES, colours, roles, sheets

PAGE = Path(__file__).with_suffix(".md")
FOLDER = Path(__file__).with_suffix("")
INPUTS, OUTPUTS = 10, 2  # the interface of the toy car
TIMES = (1, 2, 3, 5, 7, 10, 14, 20, 30, 50, 70, 100, 140, 200)  # thoughts at which shares are measured
SHOWN = (1, 10, 200)  # those of the table
PAIRS = 2048  # of programs, pasts and present inputs
EARLY = 10  # thoughts whose inputs are the early part of the past
SMOOTH = 0.95  # of an input, its correlation from one thought to the next
SPREADS, SPREADS_AT = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0), 50  # of gains, and the thought at which they are compared
DPI = 110
SHARES = {"program": "#2f6fc4", "present": "#3a8f5c", "past": "#c07a1e", "early": "#c07a1e"}
INK, MUTED, FAINT = "#30343c", "#9aa1ab", "#c9cdd4"
ABOVE, BELOW = "#be782c", "#7a5cc4"  # as in the palette of cells


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


# --- pictures --------------------------------------------------------------------------------------------------------


def draw_shares(found: Mapping[str, Mapping[str, list]], path: Path) -> None:
    """A panel for each medium: shares, what is left of the program, and how much the output varies, by thought."""
    figure = Figure(figsize=(9.2, 6.8), dpi=DPI, layout="constrained")
    panels = figure.subplots(3, 4, sharex=True, sharey=True)
    names = {"program": "program", "present": "present input", "past": "past inputs", "early": "first ten of these"}
    for axes, (name, medium) in zip(panels.ravel(), MEDIA.items(), strict=True):
        numbers = found[name]
        for share, color in SHARES.items():
            values = [np.nan if value is None else value for value in numbers[share]]
            style = "--" if share == "early" else "-"
            axes.plot(TIMES, values, style, color=color, lw=2, label=f"share of the {names[share]}", zorder=3)
        axes.plot(
            TIMES, numbers["left"], ":", color=SHARES["program"], lw=2, label="program cells: correlation with t = 0"
        )
        axes.plot(TIMES, numbers["sd"], color=FAINT, lw=3, label="standard deviation of the output", zorder=1)
        kind, _, rest = medium.title.partition(", ")
        axes.set_title(f"{kind}\n{rest or ' '}", fontsize=9, color=INK, loc="left")
        axes.set_title(f"{medium.behaviour}\n ", fontsize=9, color=INK, loc="right", style="italic")
        settle(axes)
    axes.set_xscale("log")
    axes.set_xlim(0.93, TIMES[-1] * 1.07)
    axes.set_xticks([1, 10, 100], ["1", "10", "100"])
    axes.set_ylim(-0.08, 1.15)
    axes.set_yticks([0, 0.5, 1])
    for axes in panels.ravel():
        axes.minorticks_off()
    figure.supxlabel("thought", fontsize=9, color=INK)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=3, frameon=False, fontsize=9, labelcolor=INK)
    write(figure, path)


def draw_holding(path: Path) -> None:
    """The signals and the gains of two channels, and a tape with walls."""
    figure = Figure(figsize=(9.2, 3.3), dpi=DPI, layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=[33, 33, 66])
    space_time(left, MEDIA["channels"], "two channels: signals")
    space_time(middle, MEDIA["channels"], "two channels: gains", channel=1)
    space_time(right, MEDIA["walls"], "tape with walls")
    write(figure, path)


def draw_latching(past_by_spread: Mapping[str, Sequence[float]], path: Path) -> None:
    """Above two media of strong gains and one of bistable cells; below where a cell settles, and what spread does."""
    figure = Figure(figsize=(9.2, 6.4), dpi=DPI, layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=[1, 1.05])
    titles = {
        "wide": "two channels, spread 10",
        "latch": "the same, self-weight 0.1",
        "bistable": "one channel, self-weight 1.5",
    }
    for axes, (name, title) in zip(upper.subplots(1, 3), titles.items(), strict=True):
        space_time(axes, MEDIA[name], title)
    left, right = lower.subplots(1, 2)
    _draw_settled(left)
    for (name, shares), color in zip(past_by_spread.items(), (MUTED, SHARES["past"]), strict=True):
        right.plot(SPREADS, shares, "o-", color=color, lw=2, ms=4, label=f"self-weight {name}")
    right.set_xscale("log")
    right.set_xticks(SPREADS, [f"{spread:g}" for spread in SPREADS])
    right.minorticks_off()
    right.set_ylim(-0.03, 1.03)
    right.set_xlabel("spread of the gains", fontsize=9, color=INK)
    right.set_ylabel(f"share of the past, thought {SPREADS_AT}", fontsize=9, color=INK)
    right.legend(frameon=False, fontsize=9, labelcolor=INK)
    for axes in (left, right):
        settle(axes)
    write(figure, path)


def _draw_settled(axes: Axes, u: float = 0.5) -> None:
    """Where a cell comes to rest: the formula as a line, dotted where it repels, and the cell itself as triangles."""
    gains = np.arange(-30, 41, 2.5)
    fine = np.linspace(-30, 40, 1401)
    formula = 0.1 * fine * u / np.where(fine == 10, np.nan, 1 - 0.1 * fine)
    formula[np.abs(formula) > 1] = np.nan
    attracting = np.abs(fine) < 10
    line = np.where(attracting, formula, np.nan)
    axes.plot(fine, line, color=SHARES["program"], lw=2, label="0.1 g u / (1 - 0.1 g)")
    line = np.where(attracting, np.nan, formula)
    axes.plot(fine, line, ":", color=SHARES["program"], lw=2, label="the same, repelling")
    for begin, mark, color in ((1.0, "^", ABOVE), (-1.0, "v", BELOW)):
        label = f"the cell, begun at {begin:+.0f}"
        axes.plot(gains, settled(gains, begin, u), mark, color=color, ms=5, mec="none", label=label)
    axes.set_xlabel("gain g of the cell", fontsize=9, color=INK)
    axes.set_ylabel(f"signal of the cell, u = {u:g}", fontsize=9, color=INK)
    axes.set_ylim(-1.1, 1.1)
    axes.legend(frameon=False, fontsize=8, labelcolor=INK, loc="center right")


def draw_eroding(path: Path) -> None:
    """Program cells that fade, and program cells that are overwritten."""
    figure = Figure(figsize=(9.2, 3.3), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[33, 81])
    space_time(left, MEDIA["fading"], "one channel, self-weight 0.7")
    space_time(right, MEDIA["rule 90"], "tape, rule 90")
    write(figure, path)


def draw_scrambling(path: Path) -> None:
    """Tapes of two rules, and a board as it was and as it becomes."""
    figure = Figure(figsize=(9.2, 5.3), dpi=DPI, layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=[1.35, 1])
    for axes, name in zip(upper.subplots(1, 2), ("rule 150", "rule 110"), strict=True):
        space_time(axes, MEDIA[name], MEDIA[name].title)
    times = (0, 1, 5, 20, 60, 200)
    states, model = film(MEDIA["life"], times[-1]), MEDIA["life"].blueprint.template
    for axes, t in zip(lower.subplots(1, len(times)), times, strict=True):
        picture(axes, sheets(model, states[t, 0])[0], f"life, thought {t}" if t else "life, program", 2)
        strip(axes, np.array([15]), "input")
    write(figure, path)


def draw_blurring(path: Path) -> None:
    """The gains of two channels that drift, the grid lying on its side: above as they are, below amplified."""
    figure = Figure(figsize=(9.2, 1.35), dpi=DPI, layout="constrained")
    times = (0, 2, 5, 10, 20, 50, 100, 200)
    states, model = film(MEDIA["drift"], times[-1]), MEDIA["drift"].blueprint.template
    first = np.abs(sheets(model, states[0, 0])[1]).max()
    for row, panels in enumerate(figure.subplots(2, len(times))):
        for axes, t in zip(panels, times, strict=True):
            gains = sheets(model, states[t, 0])[1]
            most = np.abs(gains).max()
            above = f"thought {t}" if t else "program"
            title = f"{first / most:.3g}-fold" if row and t else above
            picture(axes, gains.T, title, 0, most if row else first)
    write(figure, path)


def space_time(axes: Axes, medium: Medium, title: str, channel: int = 0, thoughts: int = 40) -> None:
    """The cells (across) after each thought (down); of a grid column by column, of a tape the first copy of the inputs.

    Above it what cells are for, in the colours of the replay: inputs green, outputs blue.
    """
    model = medium.blueprint.template
    shown = sheets(model, film(medium, thoughts)[:, 0])[:, channel]
    order = np.arange(shown[0].size).reshape(shown.shape[1:]).T.ravel()[:81]
    rows = shown.reshape(len(shown), -1)[:, order]
    found = roles(model)
    quiet = ~np.isin(order, found["input"]) if channel == 0 else slice(None)
    scale = float(np.quantile(np.abs(rows[1:, quiet]), 0.98))  # the inputs would outshine the rest
    picture(axes, rows, title, int(levels(model.space)), scale)
    axes.set_axis_on()
    axes.set_aspect("auto")
    axes.spines[:].set_visible(False)
    for role in ("output", "input"):
        if channel == 0:
            strip(axes, np.flatnonzero(np.isin(order, found[role])), role)
    axes.set_ylim(len(rows) - 0.5, -2.5)
    axes.set_yticks([0, thoughts // 2, thoughts])
    axes.set_xticks([])
    axes.tick_params(colors=INK, color=FAINT, labelsize=8)
    axes.set_ylabel("thought", fontsize=9, color=INK)


def picture(axes: Axes, cells: np.ndarray, title: str, states: int, scale: float = 1.0) -> None:
    """Cells (rows, columns) in the colours of the replay."""
    axes.imshow(colours(cells, states, scale), interpolation="nearest")
    axes.set_title(title, fontsize=9, color=INK, loc="left")
    axes.set_axis_off()


def strip(axes: Axes, columns: np.ndarray, role: str) -> None:
    """Mark above a picture which columns have a role."""
    for x in columns:
        color = np.array(ROLES[role]) / 255
        axes.plot([x - 0.5, x + 0.5], [-1.6, -1.6], color=color, lw=2.5, solid_capstyle="butt", clip_on=False)


def settle(axes: Axes) -> None:
    """No clutter: as in `emergent.view.plots`."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, color=FAINT, labelsize=9)
    axes.grid(axis="y", color=FAINT, lw=0.5, alpha=0.6)
    axes.set_axisbelow(True)


def write(figure: Figure, path: Path) -> None:
    """A figure as a PNG of few colours, which is a third of the size."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    file = io.BytesIO()
    drawn.quantize(256, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    path.write_bytes(file.getvalue())


# --- the page --------------------------------------------------------------------------------------------------------


def table(found: Mapping[str, Mapping[str, list]]) -> str:
    """The numbers of the page, in Markdown."""
    shown = [TIMES.index(t) for t in SHOWN]
    lines = [
        "| medium | program | present input | past | first ten inputs | program cells | sd of output |",
        "|---|:---:|:---:|:---:|:---:|:---:|:---:|",
    ]
    behaviour = ""
    for name, medium in (MEDIA | UNSIGNED).items():
        if medium.behaviour != behaviour:
            behaviour = medium.behaviour
            lines.append(f"| **{behaviour}** | | | | | | |")
        numbers = found[name]
        cells = {
            key: " / ".join(_number(numbers[key][i]) for i in shown)
            for key in ("program", "present", "past", "left", "sd")
        }
        early = _number(numbers["early"][shown[-1]])
        row = medium.title, cells["program"], cells["present"], cells["past"], early, cells["left"], cells["sd"]
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}".replace("-0.00", "0.00")


def main() -> None:
    """Measure, draw, and fill in the table of the page."""
    FOLDER.mkdir(exist_ok=True)
    found = {name: measure(medium) for name, medium in (MEDIA | UNSIGNED).items()}
    by_spread = {
        f"{weight:g}": [
            measure(Medium("", "", sheet(weight, spread, 120 / spread, **CLIP)), (SPREADS_AT,))["past"][0]
            for spread in SPREADS
        ]
        for weight in (0.0, 0.1)
    }
    ash = changing(MEDIA["life"], (10, 50, 200))
    numbers = {
        "times": TIMES,
        "pairs": PAIRS,
        "media": found,
        "past by spread": by_spread,
        "spreads": SPREADS,
        "life": ash,
    }
    (FOLDER / "media.json").write_text(json.dumps(numbers, indent=1) + "\n")
    draw_shares(found, FOLDER / "shares.png")
    draw_holding(FOLDER / "holds.png")
    draw_latching(by_spread, FOLDER / "latches.png")
    draw_eroding(FOLDER / "erodes.png")
    draw_scrambling(FOLDER / "scrambles.png")
    draw_blurring(FOLDER / "blurs.png")
    marks = re.compile(r"(?<=<!-- table -->\n).*?(?=\n<!-- end of table -->)", re.DOTALL)
    PAGE.write_text(marks.sub(lambda _: table(found), PAGE.read_text()))


if __name__ == "__main__":
    main()
