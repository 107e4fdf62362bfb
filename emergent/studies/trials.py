"""The runs that a study asks for, all checked before the first begins."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from emergent import config, parts
from emergent.config import ConfigError, RunConfig, Settings
from emergent.model import BaselineBlueprint
from emergent.studies.config import Row, StudyConfig, Sweep, read
from emergent.tasks import AnyTask, Driving, Task
from emergent.training.run_directory import check_name


class Untrained(NamedTuple):
    """What is tested as it comes.

    Fields:
        policy: a baseline; None for the centre line at perfect speed. task: whose test it is.
        seeds: how many streams of random numbers it gets, one after another.
    """

    policy: Settings | None
    task: AnyTask
    seeds: int

    def data(self) -> dict[str, Any]:
        """This as JSON data."""
        return {"policy": self.policy, "task": self.task.model_dump(mode="json"), "seeds": self.seeds}


class Trial(NamedTuple):
    """One run of a study, or one test of what is not trained.

    Fields:
        name: of its folder (or, with .json, its file) in that of the study.
        seed, variant: which of its row.
        asked: what it is.
        changes: where it differs from its source, by dotted keys.
    """

    name: str
    seed: int
    variant: int
    asked: RunConfig | Untrained
    changes: dict[str, Any]

    @property
    def generations(self) -> int:
        """How many it has."""
        return self.asked.search.generations if isinstance(self.asked, RunConfig) else 1


class Entry(NamedTuple):
    """A row of the table, or a point of a sweep.

    Fields:
        name: what is shown. trials: for each seed, its variants.
    """

    name: str
    trials: list[list[Trial]]

    @property
    def task(self) -> AnyTask:
        """What is to be done."""
        return self.trials[0][0].asked.task


class Plan(NamedTuple):
    """A study, ready to be done.

    Fields:
        name: of the study. file: where it stands. config: what it says.
        rows: of the table. sweeps: the points of each.
    """

    name: str
    file: str
    config: StudyConfig
    rows: list[Entry]
    sweeps: list[list[Entry]]

    @property
    def trials(self) -> list[Trial]:
        """All of them in the order in which they are done: seed by seed, so that a part of the table is of all rows."""
        entries = [*self.rows, *(point for points in self.sweeps for point in points)]
        found = [trial for entry in entries for variants in entry.trials for trial in variants]
        return sorted(found, key=lambda trial: (isinstance(trial.asked, Untrained), trial.seed))


# --- what is asked for -----------------------------------------------------------------------------------------------


def plan(file: str | Path, imports: Sequence[str] = ()) -> Plan:
    """The runs that a study asks for, each configuration checked to the last part.

    Args:
        file: the study, see `StudyConfig`; sources may stand beside it.
        imports: Python files that register parts of your own; they are run, now.

    Raises:
        ConfigError: the file is wrong, one of its runs cannot be done, or two have the same name.
    """
    study = read(file)
    files = [str(Path(name).resolve()) for name in imports]
    parts.load_files(files)
    name = Path(file).stem
    _checked_name(str(file), name)
    planner = _Planner(Path(file), study, files)
    made = Plan(
        name, Path(file).as_posix(), study, [*map(planner.row, study.rows)], [*map(planner.points, study.sweeps)]
    )
    names = [trial.name for trial in made.trials]
    folded = [name.casefold() for name in names]  # some file systems know no capitals
    if twice := sorted({name for name in names if folded.count(name.casefold()) > 1}):
        raise ConfigError(f"{file}: two runs would be called {twice[0]}: give rows and sweeps names that differ more")
    return made


class _Planner:
    """Makes trials from rows and sweeps."""

    def __init__(self, file: Path, study: StudyConfig, imports: list[str]):
        self.file, self.study, self.imports = file, study, imports

    def row(self, row: Row) -> Entry:
        """The trials of a row."""
        stem = _slug(row.name)
        seeds = row.seeds or self.study.seeds
        if row.source is None:
            return Entry(row.name, [[self._untrained(row, stem, seeds)]])
        trials = [
            [
                self._trained(
                    f"row {row.name!r}",
                    f"{stem}-{variant}-{seed}" if row.best_of else f"{stem}-{seed}",
                    row.source,
                    [row.change, changed],
                    seed,
                    variant,
                )
                for variant, changed in enumerate(row.best_of or [{}])
            ]
            for seed in range(seeds)
        ]
        _comparable(f"{self.file}: row {row.name!r}", trials[0])
        return Entry(row.name, trials)

    def points(self, sweep: Sweep) -> list[Entry]:
        """The trials of a sweep, an entry for each value."""
        points = []
        for value, layer in sweep.layers:
            layers = [sweep.change, layer]
            where = f"sweep {sweep.name!r}, {sweep.key or sweep.name} = {value}"
            stem = f"{_slug(sweep.name)}-{_slug(str(value), ends=False)}"
            seeds = range(sweep.seeds or self.study.seeds)
            trials = [[self._trained(where, f"{stem}-{seed}", sweep.source, layers, seed, 0)] for seed in seeds]
            points.append(Entry(str(value), trials))
        return points

    def _trained(
        self, where: str, name: str, source: str, layers: Sequence[Mapping[str, Any]], seed: int, variant: int
    ) -> Trial:
        label = f"{self.file}: {where}"
        _checked_name(label, name)
        beside = self.file.parent / source
        try:
            data = config.parse(beside if beside.is_file() else source)
        except ConfigError as error:
            raise ConfigError(f"{label}: {error}") from None
        plain = dict(flat(data))
        for layer in (self.study.base, *layers):
            config.merge(data, layer)
        changes = {key: value for key, value in flat(data) if plain.get(key) != value}
        asked = config.check({**data, "seed": seed, "imports": self.imports}, label)
        if self.study.laps is not None and not isinstance(asked.task, Driving):
            raise ConfigError(f"{label}: laps are of the task driving, got {asked.task.name}; leave them out")
        return Trial(name, seed, variant, asked, changes)

    def _untrained(self, row: Row, name: str, seeds: int) -> Trial:
        label = f"{self.file}: row {row.name!r}"
        _checked_name(label, name)
        data: dict[str, Any] = {"task": {"name": "driving"}}
        config.merge(data, {"task": self.study.base.get("task", {})} if "task" in self.study.base else {})
        try:
            task: AnyTask = TypeAdapter(Task).validate_python(data["task"])
        except ValidationError as error:
            raise ConfigError(config.explain(error, f"{label}: task", RunConfig)) from None
        if row.centre_line and not isinstance(task, Driving):
            raise ConfigError(f"{label}: centre_line is of the task driving, got {task.name}")
        try:
            if row.untrained is not None:
                BaselineBlueprint(row.untrained, task.low, task.high, task.outputs).template  # noqa: B018 - the check
        except (ValueError, TypeError) as error:
            raise ConfigError(f"{label}: untrained: {error}") from None
        return Trial(name, 0, 0, Untrained(row.untrained, task, seeds), {})


def _comparable(label: str, variants: Sequence[Trial]) -> None:
    """The best of variants is chosen by fitness: it must mean the same for all of them."""
    kinds = {
        json.dumps([trial.asked.task.model_dump(mode="json"), trial.asked.evaluation.model_dump(mode="json")])
        for trial in variants
        if isinstance(trial.asked, RunConfig)
    }
    if len(kinds) > 1:
        raise ConfigError(
            f"{label}: best_of: the variants differ in task or evaluation, so their fitness cannot be compared; give "
            "each a row of its own"
        )


def _slug(name: str, ends: bool = True) -> str:
    """A name as that of a folder; with `ends` it begins and ends with a letter or a number."""
    slug = re.sub(r"[^\w.+-]+", "-", name)
    return (slug.strip("-.") if ends else slug) or "x"


def _checked_name(label: str, name: str) -> None:
    try:
        check_name(name)
    except ValueError as error:
        raise ConfigError(f"{label}: {error}") from None


def flat(data: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Nested data as pairs of dotted key and value."""
    for key, value in data.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value
