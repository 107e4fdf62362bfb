"""What came of a study, read from its runs: plain data, from which all else, table and figures, is made.

Of the variants of a row, the one counts whose champion had the best fitness in selection. Nobody looks at the test
scores of the others, so they are not among the data.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from emergent import models
from emergent.config import RunConfig
from emergent.engine import Record
from emergent.model_file import ModelFile
from emergent.studies.states import State
from emergent.studies.summary import summarised
from emergent.studies.trials import Entry, Plan, Trial, Untrained
from emergent.tapes.published import TapeProgram
from emergent.tasks import Driving
from emergent.tasks.laps import lap_scores
from emergent.training.run_directory import HELD_OUT, RunDirectory, facts

FORMAT = 1


def collect(made: Plan, folder: Path, states: Mapping[str, State]) -> dict[str, Any]:
    """The data of a study.

    Args:
        folder: of its runs.
        states: see `states.states`; what is not finished is left out, with all variants of that seed.
    """
    reader = _Reader(folder, states, made)
    rows = [reader.entry(entry) for entry in made.rows]
    sweeps: list[dict[str, Any]] = []
    for sweep, points in zip(made.config.sweeps, made.sweeps, strict=True):
        read = [reader.entry(point) | {"value": value} for point, (value, _) in zip(points, sweep.layers, strict=True)]
        sweeps.append({"name": sweep.name, "key": sweep.key or sweep.name, "log": sweep.log, "points": read})
    for entries in (rows, *(sweep["points"] for sweep in sweeps)):
        for entry in entries:
            entry["summary"] = summarised(entry, rows[0] if entries is rows else None)
    return {
        "format": FORMAT,
        "name": made.name,
        "title": made.config.title,
        "about": made.config.about.strip(),
        "command": f"emergent study {made.file}",
        "laps": made.config.laps,
        "config": yaml.safe_load(yaml.safe_dump(made.config.model_dump(mode="json", exclude_defaults=True))),
        "versions": {name: sorted(found, key=str) for name, found in sorted(reader.versions.items())},
        "rows": rows,
        "sweeps": sweeps,
    }


class _Reader:
    """Reads trials, and notes with which versions they were made."""

    def __init__(self, folder: Path, states: Mapping[str, State], made: Plan):
        self.folder, self.states = folder, states
        self.curves, self.laps = made.config.curves, made.config.laps
        asked = [trial.asked for trial in made.trials]
        self.zeros = any(isinstance(run, RunConfig) and run.evaluation.nonzero_price for run in asked)
        self.versions: dict[str, list[Any]] = {}

    def entry(self, entry: Entry) -> dict[str, Any]:
        """A row, or a point of a sweep: its test, and the runs of the seeds of which all variants are finished."""
        whole = [variants for variants in entry.trials if all(self._done(trial) for trial in variants)]
        task, asked = entry.task, entry.trials[0][0].asked
        return {
            "name": entry.name,
            "trained": not isinstance(asked, Untrained),
            "variants": len(entry.trials[0]),
            "wanted": len(entry.trials),
            "test": task.test_key,
            "families": task.test_families,
            "runs": [run for variants in whole for run in self._runs(variants)],
        }

    def _done(self, trial: Trial) -> bool:
        return self.states[trial.name].name == "finished"

    def _runs(self, variants: list[Trial]) -> list[dict[str, Any]]:
        """What came of one seed: one run, unless nothing was trained."""
        if isinstance(variants[0].asked, Untrained):
            tested = json.loads((self.folder / f"{variants[0].name}.json").read_text())["runs"]
            return [{"seed": seed, "test": _tested(record)} for seed, record in enumerate(tested)]
        tried = [self._trained(trial) for trial in variants]
        best = max(tried, key=lambda run: run["selection"]["fitness"])  # the first of equals
        others = [
            {key: run[key] for key in ("run", "changes", "selection", "seconds")} for run in tried if run is not best
        ]
        model = models.load(self.folder / best["run"] / "model.npz")
        best["test"] = _tested(model.about["scores"]["test"])
        program = model.program if isinstance(model, TapeProgram) else model.initial_state
        if self.zeros and len(program):
            best["nonzero"] = float(np.mean(program != 0))
        task = variants[0].asked.task
        if self.laps is not None:
            assert isinstance(task, Driving)  # the plan has checked it
            assert isinstance(model, ModelFile)
            driven = lap_scores(task, model, self.laps, best["seed"])
            best["laps"] = {"first": _numbers(driven[0]), "last": _numbers(driven[-1])}
        return [best | ({"not_chosen": others} if others else {})]

    def _trained(self, trial: Trial) -> dict[str, Any]:
        """What is known of a run but for its test."""
        assert isinstance(trial.asked, RunConfig)
        directory = RunDirectory(self.folder / trial.name)
        model, rows = models.load(directory.model), list(directory.rows())
        for name, version in facts(directory.versions).items():
            if name not in ("created", "format", "platform", "parts") and version not in self.versions.setdefault(
                name, []
            ):
                self.versions[name].append(version)
        run = {
            "run": trial.name,
            "seed": trial.seed,
            "variant": trial.variant,
            "changes": trial.changes,
            "genes": len(trial.asked.blueprint.layout),
            "evaluations": rows[-1]["evaluations"],
            "champion_of_generation": model.about["generation"],
            "ended": facts(directory.finished).get("reason", ""),
            "selection": model.about["scores"]["selection"],
            "seconds": facts(directory.seconds),
        }
        if self.curves:
            known = [row for row in rows if row.get(HELD_OUT) is not None]
            run["curve"] = {key: [row[key] for row in known] for key in ("evaluations", HELD_OUT)}
        return run


def _numbers(values: np.ndarray) -> list[float | None]:
    """As JSON has them: None for what is not a number."""
    return [float(value) if np.isfinite(value) else None for value in values]


def _tested(record: Mapping[str, list[float]]) -> dict[str, Any]:
    """The test of a run: per episode its score and whether it failed, the rest in total."""
    found: dict[str, Any] = {"score": record["score"]}
    if "failed" in record:
        found["failed"] = [int(failed) for failed in record["failed"]]
        found |= {name: float(np.sum(record[name])) for name in ("length", "micro_steps", "unhalted")}
    assert set(found) <= set(Record._fields)
    return found
