"""How a policy drives tracks at will, such as real circuits: how far, and how fast beside the reference driver."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from emergent import engine
from emergent.model_file import ModelFile
from emergent.policy import EmergentPolicy
from emergent.randomness import seeds
from emergent.tasks.driving import Driving
from emergent.tasks.plain import live_once
from envs.car import STEP
from envs.limits import changed_limits
from envs.reference import reference
from envs.toy_car import ToyCar
from envs.track import Track, load, named
from envs.world import LONGEST

TIME_FACTOR = 2.5  # times the reference driver's time


class Laps(NamedTuple):
    """How a policy drove one track.

    Fields:
        track: its name; note: what was changed to make it drivable, else "".
        score: progress over the reference driver's in the same time: of the laps if they were finished, else of the
            whole time limit.
        share: how much of the laps is done, 0..1.
        time: s of the laps, None if they were not finished; reference_time: s that the reference driver takes.
        accident: whether it ended in one.
    """

    track: str
    score: float
    share: float
    time: float | None
    reference_time: float
    accident: bool
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """The time over the reference driver's, 1 at best; None if the laps were not finished."""
        return None if self.time is None else self.time / self.reference_time


def drive(
    task: Driving,
    policy: EmergentPolicy,
    tracks: Iterable[int | str | Path | Track],
    root: int = 0,
    *,
    reverse: bool = False,
    laps: int = 1,
    scale: float = 1.0,
    time_limit: float | None = None,
    time_factor: float = TIME_FACTOR,
) -> Iterator[Laps]:
    """Let `policy` drive each of the tracks, one after another.

    Args:
        task: whose car it drives, with its obstacles; its time limit and direction do not count here.
        tracks: seeds, also as text, CSV files, or tracks as they are.
        root: seed of the noise, if the policy has any; a track gets the same whatever else is driven.
        reverse, scale: of the tracks, see `ToyCar`; laps: after which it is over.
        time_limit: s, or None for `time_factor` times what the reference driver takes for the laps.

    Raises:
        TrackError: a track cannot be driven. ValueError: a setting is out of range.
    """
    if not 0 < time_factor < np.inf:
        raise ValueError(f"time_factor: expected a number above 0, got {time_factor}")
    limits = changed_limits(task.limits)
    for choice in map(named, tracks):
        track = choice if isinstance(choice, Track) else load(choice, scale, reverse)
        best = reference(track, limits).time_of(laps)
        wanted = time_factor * best if time_limit is None else time_limit
        if time_limit is None and wanted > LONGEST:
            raise ValueError(
                f"laps: {laps} on {track.name} take {wanted:.0f} s at {time_factor:g} times the reference's time; "
                f"an episode lasts {LONGEST:.0f} s at most: ask for fewer, or give time_limit"
            )
        car, info = drive_once(task, policy, track, root, laps=laps, time_limit=wanted)
        share = min(max(info["progress"] / (laps * track.length), 0.0), 1.0)
        finished = share >= 1.0 and not info["accident"]
        time = float(car.body[STEP] * limits.time_step) if finished else None
        yield Laps(track.name, info["score"], share, time, best, info["accident"], track.note)


def lap_scores(task: Driving, model: ModelFile, laps: int, seed: int) -> np.ndarray:
    """How fast a model drives lap after lap of the test tracks, of which it does `laps`.

    Args:
        seed: root of the noise, if the model has any: that of its test.

    Returns:
        (laps, tracks) the reference driver's time for that lap, the first from the start and the others flying, over
        the model's, which is known to one time step; not a number where the lap was not finished.
    """
    best = task.reference_laps(laps)
    time_limit = min(TIME_FACTOR * best.sum(axis=0).max(), LONGEST)
    worlds = [task.lapped(lap, time_limit) for lap in range(1, laps + 1)]
    noise = worlds[0].noise(seed, "test")
    grown = model.initial_state[None], model.parameters[None]
    lived = [engine.evaluate(model.blueprint.template, *grown, world.record, noise[None]) for world in worlds]
    horizon = worlds[0].record.horizon
    ends = [np.where((one.failed == 0) & (one.length < horizon), one.length, np.nan)[0] for one in lived]
    times = np.diff([np.zeros_like(ends[0]), *ends], axis=0) * changed_limits(task.limits).time_step
    return np.asarray(best / times)


def drive_once(
    task: Driving, policy: EmergentPolicy, track: Track, root: int = 0, **changes: Any
) -> tuple[ToyCar, dict[str, Any]]:
    """One episode on this track as it is: the car where it ended, and the last info.

    Args:
        changes: arguments of `ToyCar` that differ from the task's; the rest as of `drive`.
    """
    car = ToyCar(**{**task.car, **changes, "track": track})
    return car, live_once(car, 0, policy, seeds(root, f"laps on {track.name}", 0)).info
