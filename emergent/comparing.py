"""What the command `study` does, as Python calls: the runs of a study are done, and compared on a page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from emergent.commands import RUNS
from emergent.studies import intervals, report, trials
from emergent.studies.running import Quiet, Reporter, Runner
from emergent.studies.states import State, states
from emergent.training.run_directory import STUDIES as STUDIES_OF_RUNS
from emergent.training.run_directory import RunDirectory
from emergent.training.stopping import stopping

STUDIES = Path("docs/studies")


class Studied(NamedTuple):
    """What came of a study.

    Fields:
        page: the file of the page; None if none was written, for not all runs are finished.
        data: what the page was made from, see `emergent.studies.results`; None likewise.
        failed: what went wrong with runs, by their paths. stopped: whether it was stopped before its end.
    """

    page: Path | None
    data: dict[str, Any] | None
    failed: dict[str, str]
    stopped: bool


def study(
    file: str | Path,
    *,
    jobs: int | None = None,
    root: Path = RUNS,
    out: Path = STUDIES,
    partial: bool = False,
    table: bool = False,
    imports: Sequence[str] = (),
    reporter: Reporter | None = None,
    command: str = "",
) -> Studied:
    """Do all runs of a study that are not done yet, and write its page, its data and its figures.

    Runs are ordinary ones, in `root`/studies/STUDY/. One that is finished is taken as it is, one that was interrupted
    goes on. Ctrl-C lets the running ones finish their generation and save; call again to go on.

    Args:
        file: the study, see `emergent.studies.config.StudyConfig`.
        jobs: how many runs at once, each in a process of its own with one worker; None for one per core.
        root: the folder of runs.
        out: the folder of STUDY.md, STUDY.json and figures.
        partial: write the page even if not all runs are finished, of those that are.
        table: train nothing, only write the page.
        imports: Python files that register parts of your own.
        reporter: who is told how it goes.
        command: the command line that asked for it, to be kept with every run.

    Raises:
        ConfigError: the study, or one of its runs, is wrong, or a run that is there is of another configuration;
            nothing is begun.
        MissingExtraError: SciPy is not installed.
        FileNotFoundError: with `table`, some runs are not finished.
    """
    made = trials.plan(file, imports)
    intervals.check_installed()
    folder = root / STUDIES_OF_RUNS / made.name
    found = states(made, folder)
    failed, stopped = {}, False
    if not table:
        asked = command or "emergent.study in Python"
        runner = Runner(*report.to_do(made, folder, found, imports, asked), jobs, reporter or Quiet())
        with stopping(runner):
            runner.go()
        failed, stopped = runner.failed, runner.stopped
        found = states(made, folder)
    left = [name for name, state in found.items() if state.name != "finished"]
    if left and not partial:
        if table:
            raise FileNotFoundError(
                f"{len(left)} of {len(found)} runs under {folder} are not finished, such as {left[0]}: do the study "
                "without table first, or write a partial one"
            )
        return Studied(None, None, failed, stopped)
    data, page = report.write(made, folder, found, out)
    from emergent.view.study import draw  # a second of loading, at the end

    draw(data, [RunDirectory(folder / trial.name) for trial in made.trials], out)
    return Studied(page, data, failed, stopped)


def trials_of(file: str | Path, root: Path = RUNS, imports: Sequence[str] = ()) -> list[tuple[trials.Trial, State]]:
    """The runs that a study asks for, in the order in which they are done, and what of each is there; as `study`."""
    made = trials.plan(file, imports)
    found = states(made, root / STUDIES_OF_RUNS / made.name)
    return [(trial, found[trial.name]) for trial in made.trials]
