"""Plots for people: learning curves, comparisons, thoughts as space-time diagrams. No window, no global figure."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from emergent.files import write_whole
from emergent.model import Model
from emergent.verbs import levels
from emergent.view import palette
from emergent.view.palette import ROLES, Scale, colours, roles

_INK, _FAINT = "#30343c", "#c9cdd4"
_BEST, _MEAN, _HELD_OUT = "#c07a1e", "#9aa1ab", "#2f6fc4"
_LINES = ("#2f6fc4", "#c07a1e", "#3a8f5c", "#a8485a", "#7a5aa8", "#4a9aa8", "#8a6d4f", "#c77bb0", "#5c6470", "#9aa63a")
_DPI = 110
_MOST_POINTS = 2000  # of a line: more would only make the file large


# --- the learning curve ----------------------------------------------------------------------------------------------


def curve(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw the learning curve of a run as a PNG.

    Above: the fitness of each generation, its best and its mean, and the held-out score of the champion; below: the
    share of episodes without an accident.

    Args:
        rows: of the history, see `emergent.training.loop`; there may be none.
        path: of the picture, which is written whole.
    """
    figure = Figure(figsize=(7.6, 5.4), dpi=_DPI, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2.6, 1])
    held_out = [row for row in rows if row.get("held_out") is not None]
    _line(upper, rows, "mean", _MEAN, "training fitness, mean", 1.2)
    _line(upper, rows, "best", _BEST, "training fitness, best", 1.2)
    _line(upper, held_out, "held_out", _HELD_OUT, "champion, held-out score", 2.0, marks=True)
    _line(lower, rows, "accident_free", _MEAN, "training, mean", 1.2)
    _line(lower, held_out, "held_out_accident_free", _HELD_OUT, "champion, held-out", 2.0, marks=True)
    upper.set_ylabel("score or fitness")
    lower.set_ylabel("accident-free")
    lower.set_ylim(-0.04, 1.04)
    lower.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    lower.set_xlabel("evaluations (individuals tried)")
    lower.xaxis.set_major_formatter("{x:,.0f}")
    for axes in (upper, lower):
        settle(axes)
    if not rows:
        upper.text(0.5, 0.5, "no generation is done yet", transform=upper.transAxes, ha="center", color=_INK)
    else:
        upper.legend(loc="best", frameon=False, fontsize=9, labelcolor=_INK)
    if held_out:
        last = held_out[-1]
        upper.set_title(
            f"held-out score {last['held_out']:.3f} after {last['evaluations']:,} evaluations", fontsize=11, loc="left"
        )
    write(figure, path, colors=64)


def _line(
    axes: Axes, rows: Sequence[Mapping[str, Any]], key: str, color: str, label: str, thick: float, marks: bool = False
) -> None:
    """One column of the history against evaluations."""
    known = [row for row in rows if isinstance(row.get(key), int | float)]
    if not known:
        return
    known = [known[i] for i in np.unique(np.linspace(0, len(known) - 1, _MOST_POINTS).round().astype(int))]
    x = np.array([row["evaluations"] for row in known])
    y = np.array([row[key] for row in known], float)
    mark = "o" if (marks and len(known) <= 40) or len(known) == 1 else ""
    axes.plot(x, np.where(np.isfinite(y), y, np.nan), color=color, label=label, lw=thick, marker=mark, ms=4)


# --- many runs -------------------------------------------------------------------------------------------------------


def sweep(values: Sequence[Any], scores: Sequence[Sequence[float]], path: Path, key: str, log: bool = False) -> None:
    """Draw scores against the values of a key as a PNG: a dot for each seed, a line through their means.

    Args:
        values: of the key; equally spaced where they are not all numbers.
        scores: of the seeds, for each value; there may be none.
        path: of the picture, which is written whole.
        key: what the values are of. log: whether their axis is logarithmic.
    """
    figure = Figure(figsize=(7.6, 3.8), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    numbers = all(type(value) in (int, float) for value in values)
    x = np.array(values, float) if numbers else np.arange(len(values), dtype=float)
    known = sorted((i for i in range(len(values)) if len(scores[i])), key=lambda i: x[i])
    seeds = [(x[i], score) for i in known for score in scores[i]]
    axes.plot(
        [at for at, _ in seeds], [score for _, score in seeds], "o", color=_MEAN, ms=4, zorder=3, label="single seeds"
    )
    means = [float(np.mean(scores[i])) for i in known]
    axes.plot(x[known], means, "o-", color=_HELD_OUT, lw=2, ms=6, label="mean over seeds")
    if log:
        axes.set_xscale("log")
    axes.set_xticks(x, [str(value) for value in values])
    axes.minorticks_off()
    axes.set_xlabel(key)
    axes.set_ylabel("test score")
    settle(axes)
    axes.legend(loc="best", frameon=False, fontsize=9, labelcolor=_INK)
    write(figure, path, colors=64)


def curves(rows: Mapping[str, Sequence[tuple[Sequence[float], Sequence[float]]]], path: Path) -> None:
    """Draw learning curves as a PNG: for each row the median over its runs, and their range shaded.

    Args:
        rows: by name, for each run its evaluations and its held-out scores; runs of a row may differ in length: where
            one has ended, its last score counts.
        path: of the picture, which is written whole.
    """
    figure = Figure(figsize=(7.6, 4.6), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    for number, (name, runs) in enumerate(rows.items()):
        color = _LINES[number % len(_LINES)]
        x = np.unique(np.concatenate([np.asarray(run[0], float) for run in runs]))
        y = np.stack([_held(x, *run) for run in runs])
        style = "-" if number < len(_LINES) else "--"
        axes.plot(
            x, np.median(y, axis=0), style, color=color, lw=2, label=name, marker="o" if len(x) == 1 else "", ms=4
        )
        axes.fill_between(x, y.min(axis=0), y.max(axis=0), color=color, alpha=0.15, lw=0)
    axes.set_xlabel("evaluations (individuals tried)")
    axes.set_ylabel("held-out score")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    settle(axes)
    if rows:
        figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9, labelcolor=_INK)
    write(figure, path, colors=64)


def _held(x: np.ndarray, at: Sequence[float], values: Sequence[float]) -> np.ndarray:
    """`values` at `x`, each from its own place to the next; before the first, the first."""
    places = np.searchsorted(np.asarray(at), x, side="right") - 1
    return np.asarray(values, float)[np.maximum(places, 0)]


def settle(axes: Axes) -> None:
    """No clutter."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(_FAINT)
    axes.tick_params(colors=_INK, color=_FAINT, labelsize=9)
    axes.grid(axis="y", color=_FAINT, lw=0.5, alpha=0.6)
    axes.set_axisbelow(True)


# --- space and time --------------------------------------------------------------------------------------------------


def space_time(model: Model, films: np.ndarray | Sequence[np.ndarray], path: Path, caption: str = "") -> None:
    """Draw thoughts as a PNG: of a tape a row for each micro-step, of a grid a sheet for each.

    Args:
        films: (micro-steps + 1, cells) of one thought, or several of them in the order in which they were thought.
        path: of the picture, which is written whole.
        caption: above it.

    Raises:
        ValueError: there is no film.
    """
    thoughts = [films] if isinstance(films, np.ndarray) and films.ndim == 2 else list(films)
    if not thoughts or not all(len(film) for film in thoughts):
        raise ValueError("expected at least one film with at least one state; ask `think` for it with film=True")
    sheets = palette.sheets(model, np.concatenate(thoughts))
    begins = np.cumsum([0, *map(len, thoughts)])[:-1]
    figure = _diagram(model, sheets[:, 0, 0], begins) if sheets.shape[2] == 1 else _strip(model, sheets, begins)
    if caption:
        figure.suptitle(caption, fontsize=11, color=_INK)
    write(figure, path)


def _scale(values: np.ndarray) -> float:
    scale = Scale()
    scale.follow(values.astype(float))
    return float(scale)


def _diagram(model: Model, rows: np.ndarray, begins: np.ndarray) -> Figure:
    """A tape: time runs down, a line where a thought begins, and above the columns the roles of the cells."""
    steps, cells = rows.shape
    wide = 7.6
    figure = Figure(figsize=(wide, min(max(wide * steps / cells, 1.5), 14) + 0.9), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    axes.imshow(
        colours(rows, int(levels(model.space)), _scale(rows)),
        interpolation="nearest",
        extent=(-0.5, cells - 0.5, steps - 0.5, -0.5),
        aspect="equal",
    )
    high = max(0.012 * cells, 0.8)
    for role, found in roles(model).items():
        label: str | None = role
        for run in np.split(found, np.flatnonzero(np.diff(found) > 1) + 1) if len(found) else []:
            box = (run[0] - 0.5, -0.5 - 1.6 * high)
            color = _hex(ROLES[role])
            axes.add_patch(Rectangle(box, len(run), high, color=color, lw=0, clip_on=False, label=label))
            label = None  # once in the legend
    for begin in begins[1:]:
        axes.axhline(begin - 0.5, color="white", lw=0.8, alpha=0.7)
    axes.set_ylim(steps - 0.5, -0.5 - 2 * high)
    axes.set_xlabel("cell", color=_INK)
    axes.set_ylabel("micro-step", color=_INK)
    axes.tick_params(colors=_INK, labelsize=8)
    axes.spines[:].set_visible(False)
    if axes.get_legend_handles_labels()[1]:
        figure.legend(loc="outside lower right", ncols=4, frameon=False, fontsize=9, labelcolor=_INK)
    return figure


def _strip(model: Model, sheets: np.ndarray, begins: np.ndarray) -> Figure:
    """A grid: a column of sheets for every micro-step, one for each channel; as many a row as can be made out."""
    channels = sheets.shape[1]
    across = min(len(sheets), 12 if sheets.shape[3] <= 8 else 6)
    down = -(-len(sheets) // across) * channels
    ratio = sheets.shape[2] / sheets.shape[3]
    wide = min(7.6, 1.9 * across)
    extent = (wide, down * (wide / across * ratio + 0.22) + 0.5)
    figure = Figure(figsize=extent, dpi=_DPI, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02)  # type: ignore[union-attr, call-arg]  # it has one
    grid = figure.subplots(down, across, squeeze=False)
    scales = [_scale(sheets[:, channel]) for channel in range(channels)]
    thought = np.searchsorted(begins, np.arange(len(sheets)), side="right") - 1
    for axes in grid.ravel():
        axes.set_axis_off()
    for number, sheet in enumerate(sheets):
        for channel in range(channels):
            axes = grid[number // across * channels + channel, number % across]
            axes.imshow(colours(sheet[channel], int(levels(model.space)), scales[channel]), interpolation="nearest")
            if channel == 0:
                axes.set_title(f"{number - begins[thought[number]]}", fontsize=8, color=_INK, pad=2)
                _outline(axes, model, sheet.shape[-1])
    return figure


def _outline(axes: Axes, model: Model, columns: int) -> None:
    rows = palette.sheets(model, model.initial_state).shape[1]
    for role, found in roles(model).items():
        for cell in found[found < rows * columns]:
            row, column = divmod(int(cell), columns)
            box = Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, ec=_hex(ROLES[role]), lw=0.7)
            axes.add_patch(box)


def _hex(color: palette.Color) -> str:
    return "#{:02x}{:02x}{:02x}".format(*color)


def write(figure: Figure, path: Path, colors: int | None = None) -> None:
    """Write a figure as a PNG, whole, and the same bytes for the same figure.

    Args:
        colors: at most so many, up to 256: a third of the size, for lines and letters. None: all there are.
    """
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    picture = Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")
    file = io.BytesIO()
    if colors is None:
        picture.save(file, "PNG")
    else:
        picture.quantize(colors, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    write_whole(path, file.getvalue())
