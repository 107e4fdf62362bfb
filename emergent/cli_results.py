"""What the commands say of a result."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from emergent.cli_options import ROOT
from emergent.terminal import console

if TYPE_CHECKING:
    from emergent.engine import Record
    from emergent.tasks.laps import Laps


def show(family: str, record: "Record", run: str | Path, root: Path = ROOT) -> None:
    """One line on a record of a run: mean and spread of the score, the worst, and accidents, if its task knows any."""
    from emergent.commands import open_any
    from emergent.tasks import Function, Language, task_of

    score, task, thoughts = record.score, task_of(open_any(run, root)), record.length.sum()
    spread = f"sd {score.std(ddof=1):.3f}, " if len(score) > 1 else ""
    if isinstance(task, Function):
        text = f"{family}: exact on {score.sum():.0f} of {len(score)} inputs"
    else:
        text = f"{family} {task.measure} {score.mean():.3f} ({spread}worst {score.min():.3f})"
        if task.accidents:
            text += f", {(record.failed == 0).mean():.0%} accident-free"
        text += f", {len(score)} episodes"
        if task.threshold is not None:
            text += f", {'solved' if score.mean() >= task.threshold else 'not solved'}: {task.threshold:g} is asked for"
    if micro_steps := record.micro_steps.sum():  # of a baseline there are none
        text += f"; {micro_steps / thoughts:.1f} micro-steps a thought"
    if unhalted := record.unhalted.sum() / thoughts:
        text += f", {unhalted:.1%} not halted"
    if isinstance(task, Language):
        text += f"\nin nats a symbol, less is better: {-score.mean():.3f}"
        if family == "test":
            text += f"; symbols counted {-task.counted(1):.3f}, bigrams {-task.counted(2):.3f}"
        text += f", all equally likely {math.log(task.outputs):.3f}"
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def show_returns(env: str, seeds: range, record: "Record", each: bool) -> None:
    """One line on what a model got in an environment, and if wanted one for each seed."""
    returns, thoughts = record.reward, record.length.sum()
    if each:
        for seed, reward, length in zip(seeds, returns, record.length, strict=True):
            console.print(f"seed {seed}: return {reward:g}, {length:g} steps", markup=False, highlight=False)
    spread = f"sd {returns.std(ddof=1):.1f}, " if len(returns) > 1 else ""
    text = f"{env} return {returns.mean():.1f} ({spread}min {returns.min():g}), {len(returns)} episodes"
    if unhalted := record.unhalted.sum() / thoughts:
        text += f", {unhalted:.1%} of thoughts not halted"
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def show_laps(driven: "Sequence[Laps]") -> None:
    """A row for each track, and below what was done to tracks that could not be driven as they are."""
    table = Table("track", "score", "done", "time", "of the reference's", "", box=None)
    for laps in driven:
        time = ("-", "-") if laps.time is None else (f"{laps.time:.1f} s", f"{laps.ratio:.3f}")
        end = "accident" if laps.accident else "" if laps.time else "time is up"
        table.add_row(Text(laps.track), f"{laps.score:.3f}", f"{math.floor(100 * laps.share)} %", *time, end)
    console.print(table)
    for laps in driven:
        if laps.note:
            console.print(f"{laps.track}: {laps.note}", markup=False, highlight=False, soft_wrap=True)
