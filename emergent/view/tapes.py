"""What a tape does, as a picture: space runs right, time runs down, a panel for each input."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from emergent.tapes.lanes import STATES
from emergent.tapes.plain import Trace, trace
from emergent.tapes.published import TapeProgram
from emergent.view.palette import colours
from emergent.view.plots import write

_INK = "#30343c"
_DPI, _WIDE, _HIGHEST = 110, 9.2, 12.0  # inches
_MOST, _MOST_STEPS = 6, 1000  # panels; micro-steps of each
_NAMES = ("0 blank", "1", "2 marker", "3 separator")


def picture(program: TapeProgram, inputs: Sequence[Sequence[int]], path: Path, max_steps: int = _MOST_STEPS) -> None:
    """Draw what a tape program does on these inputs as a PNG, up to the step in which it halts.

    Args:
        inputs: the numbers of each, for at most six panels.
        path: of the picture, which is written whole.
        max_steps: the cap; at most a thousand steps are drawn.

    Raises:
        ValueError: none or too many inputs, or a number below 0.
    """
    if not 1 <= len(inputs) <= _MOST:
        raise ValueError(f"expected 1 to {_MOST} inputs for a picture, got {len(inputs)}")
    traces = [trace(program, numbers, min(max_steps, _MOST_STEPS)) for numbers in inputs]
    wide = [each.tapes.shape[1] for each in traces]
    scale = (_WIDE - 0.5 * len(traces)) / sum(wide)  # inches a cell, at which all panels fill the width
    high = min(max(scale * max(len(each.tapes) for each in traces), 1.0) + 1.0, _HIGHEST)
    figure = Figure(figsize=(_WIDE, high), dpi=_DPI, layout="constrained")
    panels = figure.subplots(1, len(traces), squeeze=False, width_ratios=wide)[0]
    for axes, numbers, each in zip(panels, inputs, traces, strict=True):
        steps, cells = each.tapes.shape
        extent = (-0.5, cells - 0.5, steps - 0.5, -0.5)
        axes.imshow(colours(each.tapes, STATES, 1.0), interpolation="nearest", extent=extent)
        axes.set_anchor("N")
        axes.set_title(_title(numbers, each), fontsize=10, color=_INK, loc="left")
        axes.set_xlabel("cell", color=_INK, fontsize=9)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(6, integer=True))
        axes.tick_params(colors=_INK, labelsize=8)
        axes.spines[:].set_visible(False)
    panels[0].set_ylabel("micro-step", color=_INK, fontsize=9)
    shades = colours(np.arange(STATES)[None], STATES, 1.0)[0] / 255
    patches = [Patch(color=tuple(shade), label=name) for shade, name in zip(shades, _NAMES, strict=True)]
    figure.legend(handles=patches, loc="outside lower right", ncols=STATES, frameon=False, fontsize=9, labelcolor=_INK)
    write(figure, path, colors=32)


def _title(numbers: Sequence[int], each: Trace) -> str:
    given = ", ".join(map(str, numbers))
    if not each.halted:
        return f"{given}: not halted"
    return f"{given} → {'no answer' if each.output is None else each.output}"
