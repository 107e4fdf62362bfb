"""Driving: the toy car on generated tracks, a third of each family, unseen ones for selection and test."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, lru_cache
from itertools import repeat
from typing import Annotated, Any, ClassVar, Literal, Self

import gymnasium
import numpy as np
from pydantic import Field, field_validator, model_validator

from emergent.randomness import generator
from emergent.tasks.base import ActingTask
from emergent.tasks.world import Family, World
from envs import drivers  # noqa: F401 - it registers the hand-written driver
from envs.families import FAMILIES, WIDTHS
from envs.limits import Limits, changed_limits
from envs.reference import Reference, centre_line, reference
from envs.toy_car import ToyCar
from envs.track import Track, load
from envs.world import LONGEST, build

# Seeds of tracks, whose family is seed % 3: where those of each purpose begin. None is ever shared.
_TRAINING, _SELECTION, _TEST, _END = 0, 10_000, 20_000, 1_000_000
_ROOM = 0.5  # m that a road must leave to its drivers, at least
_MOST_OBSTACLES = 4  # for which there is room on every generated track


class Driving(ActingTask):
    """Drive the toy car: `emergent/ToyCar-v0`, whose data sheet explains every setting."""

    accidents: ClassVar[bool] = True

    name: Literal["driving"] = Field("driving", description="which task this is")
    beams: Annotated[int, Field(ge=1, le=1024)] = Field(9, description="LIDAR beams over 180 degrees")
    previous_scan: bool = Field(False, description="observe the scan before the last one too")
    observe_reward: bool = Field(
        False, description="observe the last reward too, for a program that learns as it lives"
    )
    discrete: bool = Field(False, description="nine actions instead of two numbers")
    obstacles: Annotated[int, Field(ge=0, le=_MOST_OBSTACLES)] = Field(0, description="obstacles on each track")
    reverse: bool = Field(False, description="drive every track the other way round")
    time_limit: Annotated[float, Field(gt=0, le=LONGEST)] = Field(60.0, description="seconds of an episode")
    accident_cost: Annotated[float, Field(ge=0, le=1000)] = Field(1.0, description="reward lost by an accident")
    limits: dict[str, float] = Field({}, description="the car's limits, by the names of envs.limits.Limits, SI units")
    training_tracks: Annotated[int, Field(ge=3, le=_SELECTION)] = Field(
        96, description="tracks that training draws from"
    )
    selection_tracks: Annotated[int, Field(ge=3, le=_TEST - _SELECTION)] = Field(
        60, description="tracks the champion is chosen on"
    )
    test_tracks: Annotated[int, Field(ge=3, le=_END - _TEST)] = Field(
        100, description="tracks of the test, read once, at the end"
    )

    @field_validator("limits")
    @classmethod
    def _limits_of_a_car(cls, changes: dict[str, float]) -> dict[str, float]:
        limits = changed_limits(changes)
        if 2.0 * limits.clearance > WIDTHS[0] - _ROOM:
            raise ValueError(
                f"clearance: expected at most {(WIDTHS[0] - _ROOM) / 2:g} m, for there are roads of {WIDTHS[0]:g} m, "
                f"got {limits.clearance:g}"
            )
        return changes

    @model_validator(mode="after")
    def _a_step_at_least(self) -> Self:
        if self.time_limit < self._limits.time_step:
            raise ValueError(
                f"time_limit: expected at least one time step, {self._limits.time_step} s, got {self.time_limit}"
            )
        return self

    # --- what a model must fit -----------------------------------------------------------------------------------

    @property
    def low(self) -> list[float]:
        """Lower bounds of the observation."""
        return [0.0] * self._inputs

    @property
    def high(self) -> list[float]:
        """Upper bounds of the observation."""
        return [1.0] * self._inputs

    @property
    def outputs(self) -> int:
        """Numbers that the model puts out."""
        return 9 if self.discrete else 2

    @property
    def action(self) -> dict[str, Any]:
        """What the environment expects of a policy."""
        return {"n": 9} if self.discrete else {"low": [-1.0, -1.0], "high": [1.0, 1.0]}

    @property
    def _inputs(self) -> int:
        return 1 + self.beams * (2 if self.previous_scan else 1) + self.observe_reward

    @property
    def test_key(self) -> dict[str, Any]:
        """What a test score depends on besides the driver: only scores of the same may be compared."""
        names = ("obstacles", "reverse", "time_limit", "limits", "test_tracks")
        return {"task": self.name} | {name: getattr(self, name) for name in names}

    # --- worlds --------------------------------------------------------------------------------------------------

    def training(self, root: int, block: int, episodes: int) -> World:
        """The world of a renewal block: `episodes` of the training tracks, as even a share of each family as can be.

        Args:
            root: the run's seed; block: number of the block: together they are the task seed.
        """
        return self._world(self._drawn(root, block, episodes))

    def selection(self) -> World:
        """The world in which the champion is chosen."""
        return self._world(self.tracks("selection"))

    def test(self) -> World:
        """The world of the final score."""
        return self._world(self.tracks("test"))

    def lapped(self, laps: int, time_limit: float) -> World:
        """The test tracks, each for so many laps, at most `time_limit` s."""
        seeds = self.tracks("test")
        tracks, driven = zip(*self._driven(seeds), strict=True)
        settings = self._settings | {"laps": laps, "time_limit": time_limit}
        return World(build(tracks, self._limits, **settings, driven=driven), tuple(seeds))

    def reference_laps(self, laps: int) -> np.ndarray:
        """Seconds (laps, test tracks) that the reference driver takes for each lap: the first from the start."""
        ways = [way for _, way in self._driven(self.tracks("test"))]
        return np.diff([[way.time_of(lap) if lap else 0.0 for way in ways] for lap in range(laps + 1)], axis=0)

    def tracks(self, purpose: Literal["training", "selection", "test"]) -> range:
        """The seeds of the tracks for this purpose."""
        first = {"training": _TRAINING, "selection": _SELECTION, "test": _TEST}[purpose]
        return range(first, first + getattr(self, f"{purpose}_tracks"))

    def resized(self, family: Family, episodes: int) -> Self:
        """The same task with so many tracks in this family.

        Raises:
            ValidationError: so many are none, or more than there are.
        """
        return type(self).model_validate(self.model_dump() | {f"{family}_tracks": episodes})

    @property
    def test_families(self) -> list[str]:
        """The family of each test track."""
        return [FAMILIES[seed % len(FAMILIES)] for seed in self.tracks("test")]

    def _drawn(self, root: int, block: int, episodes: int) -> list[int]:
        draw = generator(root, "tracks", block)
        pools = [draw.permutation(self.tracks("training")[i :: len(FAMILIES)]) for i in range(len(FAMILIES))]
        # one of each family in turn; when a family has no more tracks, from its beginning
        return [int(pools[i % 3][(i // 3) % len(pools[i % 3])]) for i in range(episodes)]

    def _world(self, seeds: Sequence[int]) -> World:
        tracks, driven = zip(*self._driven(seeds), strict=True)
        return World(build(tracks, self._limits, **self._settings, driven=driven), tuple(seeds))

    def _driven(self, seeds: Sequence[int]) -> list[tuple[Track, Reference]]:
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # the work is compiled code without the GIL
            return list(pool.map(_driven, seeds, repeat(self._limits), repeat(self.reverse)))

    # --- the plain path, and what stands beside ------------------------------------------------------------------

    def enter(self, episode: int, former: gymnasium.Env | None) -> tuple[gymnasium.Env, int]:  # noqa: ARG002
        """The environment of an episode, and a seed to reset it with; `former` is one that is free again."""
        return ToyCar(track=episode, **self.car), 0

    @property
    def car(self) -> dict[str, Any]:
        """The arguments of `ToyCar` that this task sets."""
        return self._settings | {"reverse": self.reverse, "limits": self.limits}

    @property
    def _settings(self) -> dict[str, Any]:
        names = ("beams", "previous_scan", "observe_reward", "discrete", "obstacles", "time_limit", "accident_cost")
        return {name: getattr(self, name) for name in names}

    def score(self, total: float, info: dict[str, Any]) -> float:  # noqa: ARG002
        """The score of an episode that ended with this info."""
        return float(info["score"])

    def failed(self, terminated: bool, info: dict[str, Any]) -> bool:  # noqa: ARG002
        """Whether an episode ended badly: in an accident."""
        return bool(info["accident"])

    def centre_line_scores(self) -> np.ndarray:
        """Scores (test tracks,) of a driver with a perfect speed profile who stays on the centre line."""
        ways = self._driven(self.tracks("test"))
        middles = [centre_line(track, self._limits) for track, _ in ways]
        time = self.time_limit
        return np.array(
            [float(m.distance_at(time) / d.distance_at(time)) for m, (_, d) in zip(middles, ways, strict=True)]
        )

    @cached_property
    def _limits(self) -> Limits:
        return changed_limits(self.limits)


@lru_cache(maxsize=4096)
def _driven(seed: int, limits: Limits, reverse: bool) -> tuple[Track, Reference]:
    """A generated track and its reference driver, made once in a process."""
    track = load(seed, reverse=reverse)
    return track, reference(track, limits)
