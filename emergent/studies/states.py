"""What of the runs of a study is there already: it is taken, or gone on with, but never made of something else."""

import json
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

from emergent import config, parts
from emergent.config import ConfigError, RunConfig
from emergent.studies.trials import Plan, Trial, Untrained, flat
from emergent.training.run_directory import RunDirectory, facts


class State(NamedTuple):
    """What of a trial is there: "new", "begun" or "finished", and how many generations are done."""

    name: Literal["new", "begun", "finished"]
    generations: int


def differences(one: RunConfig, other: RunConfig) -> dict[str, tuple[Any, Any]]:
    """Where two configurations differ, by dotted keys: what each says, None where it says nothing.

    The files of a user's own parts are not compared: they stand elsewhere on another machine.
    """
    ours, theirs = (dict(flat(made.model_dump(mode="json", exclude={"imports"}))) for made in (one, other))
    keys = [key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)]
    return {key: (ours.get(key), theirs.get(key)) for key in keys}


def states(made: Plan, folder: Path) -> dict[str, State]:
    """What of each trial is there, by name; `folder` is that of the study.

    Raises:
        ConfigError: something there was made from another configuration; it is never overwritten.
    """
    found, wrong = {}, []
    for trial in made.trials:
        try:
            found[trial.name] = _state(trial, folder)
        except ConfigError as error:
            wrong.append(str(error))
    if wrong:
        raise ConfigError(
            "\n".join(wrong) + "\nnothing is overwritten: remove or move what you no longer want, undo the change, or "
            "give the row or the study's file another name"
        )
    return found


def _state(trial: Trial, folder: Path) -> State:
    if isinstance(trial.asked, Untrained):
        file = folder / f"{trial.name}.json"
        if not file.exists():
            return State("new", 0)
        there, asked = facts(file).get("asked"), json.loads(json.dumps(trial.asked.data()))
        if there != asked:
            raise ConfigError(f"{file}: made from {there}, the study now wants {asked}")
        return State("finished", 1)
    directory = RunDirectory(folder / trial.name)
    if not directory.path.exists():
        return State("new", 0)
    if not directory.config.is_file():
        raise ConfigError(f"{directory.path}: has no config.yaml: half made when a process was killed, or not a run")
    try:
        there = config.check(yaml.safe_load(directory.config.read_text()), str(directory.config))
    except (ConfigError, yaml.YAMLError, TypeError) as error:
        raise ConfigError(f"{directory.path}: a run that cannot be read here: {error}") from None
    if changed := differences(there, trial.asked):
        listed = ", ".join(f"{key} {then!r} -> {now!r}" for key, (then, now) in changed.items())
        raise ConfigError(f"{directory.path}: a run of another configuration ({listed})")
    if edited := directory.changed_parts(parts.digests(trial.asked.imports)):
        raise ConfigError(f"{directory.path}: a run of another {', '.join(edited)}, which has changed since")
    summary = directory.summary()
    finished = summary.status == "finished" and directory.model.exists()
    return State("finished" if finished else "begun", summary.generations)
