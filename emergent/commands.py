"""What the command line does, as Python calls: train, resume, evaluate, verify, generate, replay, drive, runs."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from pydantic import ValidationError

from emergent import model_file, models, parts
from emergent.config import ConfigError, RunConfig, default_source, read
from emergent.engine import Record
from emergent.model_file import ModelFile
from emergent.models import Trained
from emergent.policy import EmergentPolicy
from emergent.tapes.published import TapeProgram
from emergent.tasks import Driving, Environment, Family, Function, World, acting_of, driving_of, language_of, task_of
from emergent.tasks.computing import compute_plainly
from emergent.tasks.laps import TIME_FACTOR, Laps
from emergent.tasks.laps import drive as drive_laps
from emergent.tasks.plain import live
from emergent.tasks.speech import speak
from emergent.training import run_directory
from emergent.training.evaluation import held_out
from emergent.training.loop import Reporter, Run, Silent
from emergent.training.run_directory import RunDirectory, Summary
from emergent.training.stopping import stopping
from envs.world import LONGEST

RUNS = Path("runs")


class Verdict(NamedTuple):
    """Whether the plain path, environments and `predict`, or a tape step by step, gives what compiled evaluation gave.

    Fields:
        record: what the plain path gave, arrays (episodes,).
        differing: the fields in which any episode differs, by any bit, and by how much at most.
    """

    record: Record
    differing: dict[str, float]


def train(
    source: str | Path | Mapping[str, Any] | None = None,
    *,
    env: str | None = None,
    name: str | None = None,
    root: Path = RUNS,
    workers: int | None = None,
    imports: Sequence[str] = (),
    changes: Sequence[str] = (),
    reporter: Reporter = Silent(),  # noqa: B008 - it has no state
    command: str = "",
    **sections: Mapping[str, Any],
) -> RunDirectory:
    """Train a model, in a new run directory.

    Args:
        source: the name of a preset, a YAML file, or the configuration as plain data; None for the preset that suits:
            `retained`, or with `env` `control`.
        env: the id of a gymnasium environment to train in, such as "Acrobot-v1", instead of the source's own task; the
            model of a preset is laid out for it.
        name: of the run; None for that of the source, or the environment's, with date and time.
        root: the folder of runs.
        workers: threads or processes; None for one per core. They change nothing but the time.
        imports: Python files that register parts of your own.
        changes: "key=value" with dotted keys, as `--set` has them.
        reporter: who is told how it goes.
        command: the command line that asked for the run, to be kept with it.
        sections: values to merge into the configuration, as `search={"population": 128}`.

    Returns:
        The run's directory. Its model file holds the test score, unless the run was stopped (Ctrl-C) before its end.

    Raises:
        ConfigError: the configuration cannot be run; nothing is begun.
        FileExistsError: there is a run of this name.
    """
    source = default_source(env) if source is None else source
    config = read(source, changes, imports, env, **sections)
    stem = "run" if isinstance(source, Mapping) else Path(source).stem
    if env is not None:
        stem = f"{stem}-{re.sub(r'[^a-zA-Z0-9.-]+', '-', env)}"
    default = f"{stem}-{datetime.now():%Y%m%d-%H%M%S}"
    directory = RunDirectory.create(
        root, name, config.text(), command or "emergent.train in Python", default, parts.digests(config.imports)
    )
    reporter.note(f"run {directory.path}: {config.optimizer().describe()}; {len(config.blueprint.layout)} genes")
    _go(config, directory, workers, reporter)
    return directory


def resume(
    run: str | Path,
    *,
    root: Path = RUNS,
    workers: int | None = None,
    imports: Sequence[str] = (),
    reporter: Reporter = Silent(),  # noqa: B008
) -> RunDirectory:
    """Go on with a run that was stopped or interrupted, exactly as if it had not been; arguments as of `train`.

    Raises:
        FileNotFoundError: there is no such run.
        ConfigError: a file with parts of your own has changed since it began.
        LockedError: another process is training it.
    """
    directory = run_directory.find(str(run), root)
    config = read(directory.config, imports=imports)
    if changed := directory.changed_parts(parts.digests(config.imports)):
        raise ConfigError(
            f"{', '.join(changed)} changed since {directory.path} began, which would go on with other parts: undo the "
            "change, or begin another run"
        )
    _go(config, directory, workers, reporter)
    return directory


def _go(config: RunConfig, directory: RunDirectory, workers: int | None, reporter: Reporter) -> None:
    """Do a run, to its end or until it is stopped, and draw what came of it."""
    run = Run(config, directory, workers, reporter)
    with stopping(run):
        finished = run.go()
    from emergent.view import clips, plots  # a second of loading, at the end

    plots.curve(list(directory.rows()), directory.curve)
    if finished and isinstance(config.task, Driving):
        clips.record(model_file.load(directory.model), directory.clip)


def open_model(run: str | Path, root: Path = RUNS) -> ModelFile:
    """The model of a run (a path, a name, or "latest"), or in a model file; one that acts in a world.

    Raises:
        FileNotFoundError: there is no such run, or it has no model yet.
        ValueError: it is a tape.
    """
    return model_file.load(_model_of(run, root))


def open_any(run: str | Path, root: Path = RUNS) -> Trained:
    """As `open_model`, but a model of any kind: a tape too."""
    return models.load(_model_of(run, root))


def _model_of(run: str | Path, root: Path) -> Path:
    path = Path(run)
    if path.is_file():
        return path
    directory = run_directory.find(str(run), root)
    if not directory.model.exists():
        raise FileNotFoundError(f"{directory.path} has no model yet: the first is chosen after some generations")
    return directory.model


def evaluate(
    run: str | Path,
    family: Family = "test",
    *,
    episodes: int | None = None,
    root: Path = RUNS,
    workers: int | None = None,
) -> Record:
    """Evaluate the model of a run anew, on episodes that it was not trained on.

    Args:
        episodes: how many of the family; None for as many as the run had.

    Returns:
        A Record of arrays (episodes,).

    Raises:
        ValueError: there are not so many episodes.
    """
    model = open_any(run, root)
    task = task_of(model)
    if episodes is not None:
        try:
            task = task.resized(family, episodes)
        except ValidationError as error:
            raise ValueError(f"episodes: {error.errors()[0]['msg']}, got {episodes}") from None
    return held_out(model, task, family, int(model.about.get("seed", 0)), workers)


def evaluate_in(
    run: str | Path,
    env: str,
    seeds: range,
    *,
    max_steps: int | None = None,
    root: Path = RUNS,
) -> Record:
    """Let the model of a run act in any gymnasium environment, along the plain path: an episode for each reset seed.

    The environment is as `gymnasium.make(env)` makes it. Whatever it observes, the model scales by its own bounds.

    Args:
        env: what gymnasium.make takes, such as CartPole-v1.
        seeds: of the resets, integers >= 0.
        max_steps: control steps that end an episode, where the environment sets no limit itself.

    Returns:
        A Record of arrays (episodes,); scores are returns.

    Raises:
        ValueError: there is no such environment, it does not fit the model, or there are no seeds.
    """
    if not len(seeds) or min(seeds) < 0:
        raise ValueError(f"seeds: expected A:B, 0 <= A < B, for A to B - 1, got {seeds.start}:{seeds.stop}")
    model = open_model(run, root)
    inputs = len(model.blueprint.low)
    learnt = model.about.get("task", {}).get("observe_reward")  # its bounds, if the last input is the last reward
    try:
        task = Environment(id=env, max_steps=max_steps, observe_reward=learnt if isinstance(learnt, list) else None)
        observed = task.inputs
    except ValidationError as error:
        raise ValueError(f"max_steps: {error.errors()[0]['msg']}, got {max_steps}") from None
    if observed != inputs:
        raise ValueError(f"the model has {inputs} inputs, but {env} observes {observed} numbers; choose another")
    policy = EmergentPolicy(model, task.action)
    world = World(None, tuple(seeds))
    return live(task, world, policy, world.noise(int(model.about.get("seed", 0)), "test"))


def evaluate_on(
    run: str | Path,
    tracks: Iterable[int | str | Path],
    *,
    reverse: bool = False,
    laps: int = 1,
    scale: float = 1.0,
    time_limit: float | None = None,
    time_factor: float = TIME_FACTOR,
    root: Path = RUNS,
) -> list[Laps]:
    """Let the model of a run drive these tracks: seeds of generated ones, or CSV files of circuits.

    Args:
        reverse, scale: of the tracks; laps: after which it is over.
        time_limit: seconds; None for `time_factor` times what the reference driver takes.

    Returns:
        One `emergent.tasks.laps.Laps` for each track, in their order.

    Raises:
        TrackError: a track cannot be driven; file, line and remedy.
        ValueError: the model is not for the toy car, or a setting is out of range.
    """
    model = open_model(run, root)
    return list(
        drive_laps(
            driving_of(model), EmergentPolicy(model, acting_of(model).action), tracks, int(model.about.get("seed", 0)),
            reverse=reverse, laps=laps, scale=scale, time_limit=time_limit, time_factor=time_factor,
        )
    )  # fmt: skip


def verify(run: str | Path, *, root: Path = RUNS, imports: Sequence[str] = ()) -> Verdict:
    """Re-evaluate the model of a run from its file, in a fresh process, along the plain path.

    It lives through the test episodes in gymnasium environments, acting by `predict`; a tape is run on every input of
    the test cell by cell. Every field of every episode is compared with the test result that the model file holds, to
    the last bit.

    Raises:
        ValueError: the model file holds no test result: the run has not come to its end.
    """
    path = Path(run)
    if path.suffix != ".npz" and not path.is_file():
        path = run_directory.find(str(run), root).model
    with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
        return fresh.submit(_verify, path, list(imports)).result()


def _verify(path: Path, imports: list[str]) -> Verdict:
    parts.load_files(imports)
    model = models.load(path)
    kept = model.about.get("scores", {}).get("test")
    if kept is None:
        raise ValueError(f"{path} holds no test result: finish the run first, with resume")
    then, now = model.about.get("parts", {}), parts.digests(imports)
    if changed := [name for name, digest in now.items() if then.get(name, digest) != digest]:
        raise ValueError(
            f"{', '.join(changed)} changed since {path} was trained: it is another model now; undo the change"
        )
    record = _plainly(model)
    apart = {name: np.abs(getattr(record, name) - kept[name]).max() for name in Record._fields}
    return Verdict(record, {name: float(most) for name, most in apart.items() if most != 0})


def _plainly(model: Trained) -> Record:
    """The test of a model along the plain path; arrays (episodes,)."""
    task = task_of(model)
    world = task.test()
    if isinstance(model, TapeProgram):
        return compute_plainly(model, world.record)
    assert not isinstance(task, Function)
    noise = world.noise(int(model.about["seed"]), "test")
    return live(task, world, EmergentPolicy(model, task.action), noise)


def generate(
    run: str | Path, prompt: str, *, temperature: float = 1.0, seed: int = 0, length: int = 100, root: Path = RUNS
) -> Iterator[str]:
    """Let the model of a run go on after `prompt`, symbol by symbol, each as soon as it is spoken.

    Arguments and what comes of them: see `emergent.tasks.speech.speak`.

    Raises:
        ValueError: the model is none of a language, the prompt has other symbols, or a number is out of range.
    """
    model = open_model(run, root)
    task = language_of(model)
    return speak(task, EmergentPolicy(model, task.action), prompt, temperature, seed, length)


def replay(
    run: str | Path, *, root: Path = RUNS, track: int | str | Path | None = None, save: Path | None = None
) -> None:
    """Watch the model of a run in a window, or write a clip of it; see `emergent.view.replay.replay`."""
    from emergent.view.replay import replay as show  # pygame is loaded only here

    show(open_model(run, root), track, save)


def drive(
    track: int | str | Path | None = None,
    *,
    against: str | Path | None = None,
    obstacles: int | None = None,
    reverse: bool | None = None,
    scale: float = 1.0,
    laps: int | None = None,
    time_limit: float | None = None,
    root: Path = RUNS,
    frames: int | None = None,
) -> None:
    """Drive the toy car yourself, with the keyboard, in a window.

    Args:
        track: the seed of a generated one, or a CSV file of a circuit; after it, and if it is None, those of the test.
        against: a run whose model is to be beaten: you get its car, and see its score on the same track.
        obstacles: on each track; reverse: drive the other way round; None for what the run was trained for, or for none
            and forward.
        scale: of the tracks. laps: after which it is over, None for no limit.
        time_limit: seconds; None for a minute, or five for each lap if there are laps.
        frames: close the window after so many.

    Raises:
        TrackError: the track cannot be driven; file, line and remedy.
        ValueError: a setting is out of range, or the run drives no car.
        RuntimeError: no window can be opened here (`emergent.view.window.NoDisplayError`).
    """
    from emergent.view.drive import Rival  # pygame is loaded only here
    from emergent.view.drive import drive as show

    rival = None
    if against is not None:
        model = open_model(against, root)
        task = driving_of(model)
        name, seed = Path(against).name.removesuffix(".npz"), int(model.about.get("seed", 0))
        rival = Rival(name, EmergentPolicy(model, task.action), task, seed)
    settings: dict[str, Any] = {"scale": scale, "laps": laps}
    settings["time_limit"] = (min(300.0 * laps, LONGEST) if laps else 60.0) if time_limit is None else time_limit
    of_run = {"obstacles": obstacles, "reverse": reverse}  # unless they are given
    settings |= {name: value for name, value in of_run.items() if value is not None}
    show(track, rival, frames=frames, **settings)


def runs(root: Path = RUNS) -> list[Summary]:
    """All runs under `root`, the newest first."""
    return run_directory.runs(root)
