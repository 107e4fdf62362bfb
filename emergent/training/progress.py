"""How a run goes, for the eyes: a live table in a terminal, plain lines where the output is piped."""

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.progress import Progress, TextColumn
from rich.table import Column

from emergent.training.loop import Run

_LINE_EVERY = 10.0  # s between two plain lines


class ConsoleReporter:
    """Shows generation, best and mean fitness, held-out score, evaluations per second and the time left.

    Args:
        console: where to.
    """

    def __init__(self, console: Console):
        self.console = console
        self._progress: Progress | None = None
        self._said = self._since = time.monotonic()
        self._first: int | None = None  # the generation this process began with: it compiles, so pace is from its end

    def __enter__(self) -> "ConsoleReporter":
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def note(self, message: str) -> None:
        """Something that a user should read."""
        self.console.print(message, highlight=False, markup=False, soft_wrap=True)

    def began(self, run: Run) -> None:  # noqa: ARG002
        """Start the display."""
        if not self.console.is_terminal:
            return
        line = TextColumn("{task.description}", table_column=Column(no_wrap=True, overflow="ellipsis"))
        self._progress = Progress(line, console=self.console)
        self._progress.start()
        self._task = self._progress.add_task("generation 1")

    def generation(self, run: Run, row: Mapping[str, Any], seconds: float) -> None:  # noqa: ARG002
        """Show a generation that is done."""
        now = time.monotonic()
        if self._first is None:
            self._first, self._since = row["generation"], now
        done, total = row["generation"] + 1, run.config.search.generations
        paced = done - 1 - self._first  # generations done since
        pace = paced / max(now - self._since, 1e-9)  # generations a second, 0 if it is not known
        left = f"  {(total - done) / pace:.0f} s left" if pace else ""
        text = f"generation {done}/{total}{left}  {self._text(run, row, pace)}"  # a narrow terminal cuts the end off
        if self._progress is not None:
            self._progress.update(self._task, description=text)
        elif done == total or not paced or now - self._said >= _LINE_EVERY:
            self._said = now
            self.console.print(text, highlight=False, markup=False, soft_wrap=True)

    def _text(self, run: Run, row: Mapping[str, Any], pace: float) -> str:
        """What to say of a generation."""
        shown = f"best {row['best']:+.3f}  mean {row['mean']:+.3f}"
        if run.champion is not None:
            shown += f"  held-out {run.champion.score:.3f}"
            if run.config.task.accidents:
                shown += f", {run.champion.accident_free:.0%} accident-free"
        if row["bad"]:
            shown += f"  {row['bad']} without a usable fitness"
        return f"{shown}  {pace * run.config.search.population:.0f} evaluations/s" if pace else shown
