"""The pictures of docs/media.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from media_measured import MEDIA, SPREADS, SPREADS_AT, TIMES, Medium, film, settled

from emergent.verbs import levels
from emergent.view.palette import ROLES, colours, roles, sheets
from emergent.view.plots import settle, write

DPI = 110
COLORS = {"program": "#2f6fc4", "present": "#3a8f5c", "past": "#c07a1e", "early": "#c07a1e"}
INK, MUTED, FAINT = "#30343c", "#9aa1ab", "#c9cdd4"
ABOVE, BELOW = "#be782c", "#7a5cc4"  # as in the palette of cells


def draw_shares(found: Mapping[str, Mapping[str, list]], path: Path) -> None:
    """A panel for each medium: shares, what is left of the program, and how much the output varies, by thought."""
    figure = Figure(figsize=(9.2, 6.8), dpi=DPI, layout="constrained")
    panels = figure.subplots(3, 4, sharex=True, sharey=True)
    names = {"program": "program", "present": "present input", "past": "past inputs", "early": "first ten of these"}
    for axes, (name, medium) in zip(panels.ravel(), MEDIA.items(), strict=True):
        numbers = found[name]
        for share, color in COLORS.items():
            values = [np.nan if value is None else value for value in numbers[share]]
            style = "--" if share == "early" else "-"
            axes.plot(TIMES, values, style, color=color, lw=2, label=f"share of the {names[share]}", zorder=3)
        axes.plot(
            TIMES, numbers["left"], ":", color=COLORS["program"], lw=2, label="program cells: correlation with t = 0"
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
    write(figure, path, colors=256)


def draw_holding(path: Path) -> None:
    """The signals and the gains of two channels, and a tape with walls."""
    figure = Figure(figsize=(9.2, 3.3), dpi=DPI, layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=[33, 33, 66])
    space_time(left, MEDIA["channels"], "two channels: signals")
    space_time(middle, MEDIA["channels"], "two channels: gains", channel=1)
    space_time(right, MEDIA["walls"], "tape with walls")
    write(figure, path, colors=256)


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
    for (name, shares), color in zip(past_by_spread.items(), (MUTED, COLORS["past"]), strict=True):
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
    write(figure, path, colors=256)


def _draw_settled(axes: Axes, u: float = 0.5) -> None:
    """Where a cell comes to rest: the formula as a line, dotted where it repels, and the cell itself as triangles."""
    gains = np.arange(-30, 41, 2.5)
    fine = np.linspace(-30, 40, 1401)
    formula = 0.1 * fine * u / np.where(fine == 10, np.nan, 1 - 0.1 * fine)
    formula[np.abs(formula) > 1] = np.nan
    attracting = np.abs(fine) < 10
    line = np.where(attracting, formula, np.nan)
    axes.plot(fine, line, color=COLORS["program"], lw=2, label="0.1 g u / (1 - 0.1 g)")
    line = np.where(attracting, np.nan, formula)
    axes.plot(fine, line, ":", color=COLORS["program"], lw=2, label="the same, repelling")
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
    write(figure, path, colors=256)


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
    write(figure, path, colors=256)


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
    write(figure, path, colors=256)


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
