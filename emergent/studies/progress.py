"""How a study goes, for the eyes: a live line in a terminal, plain lines where the output is piped."""

import time
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from emergent.studies import running
from emergent.studies.states import State
from emergent.studies.trials import Trial

_LINE_EVERY = 10.0  # s between two plain lines, unless a run has come to its end


class ConsoleReporter:
    """Shows how many runs are done, running and left, and the time left.

    Args:
        console: where to.
    """

    def __init__(self, console: Console):
        self.console = console
        self._display: Progress | None = None
        self._said, self._ended = time.monotonic(), 0

    def __enter__(self) -> "ConsoleReporter":
        return self

    def __exit__(self, *_: object) -> None:
        if self._display is not None:
            self._display.stop()

    def note(self, message: str) -> None:
        """Something that a user should read."""
        self.console.print(message, highlight=False, markup=False, soft_wrap=True)

    def moved(self, progress: running.Progress) -> None:
        """Show how far it is."""
        text = f"{progress.done} done, {progress.running} running, {progress.waiting} waiting"
        text += f", {progress.failed} failed" if progress.failed else ""
        left = "" if progress.left is None else f"{_duration(progress.left)} left"
        if self.console.is_terminal:
            self._show(progress, text, left)
            return
        ended = progress.done + progress.failed
        if ended != self._ended or time.monotonic() - self._said >= _LINE_EVERY:
            self._said, self._ended = time.monotonic(), ended
            done = f"generation {progress.generations:,}/{progress.all_generations:,}"
            self.note("  ".join(part for part in (text, done, left) if part))

    def _show(self, progress: running.Progress, text: str, left: str) -> None:
        if self._display is None:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TextColumn("{task.percentage:.0f} %"),
                TimeElapsedColumn(),
                TextColumn("{task.fields[left]}"),
            )
            self._display = Progress(*columns, console=self.console)
            self._display.start()
            self._task = self._display.add_task(text, total=progress.all_generations, left=left)
        self._display.update(self._task, description=text, completed=progress.generations, left=left)


def _duration(seconds: float) -> str:
    """ "40 s", "12 min" or "3.5 h"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def listed(trials: Sequence[tuple[Trial, State]]) -> str:
    """The runs of a study, a line each: what of it is there, and what it changes."""
    width = max(len(trial.name) for trial, _ in trials)
    lines = []
    for trial, state in trials:
        changes = ", ".join(f"{key}={value}" for key, value in trial.changes.items())
        line = f"{trial.name:{width}}  {state.name:8}  {state.generations}/{trial.generations}  {changes}"
        lines.append(line.rstrip())
    left = sum(state.name != "finished" for _, state in trials)
    return "\n".join([*lines, f"{len(trials)} runs, {left} to be done"])
