"""Many toy cars at once as a gymnasium vector environment: one compiled call steps them all, by the same physics."""

import math
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from emergent.verb import kernel
from emergent.verbs import advance, begin, observe, sizes
from envs.car import Car, told_of
from envs.limits import changed_limits
from envs.reference import Reference, references
from envs.toy_car import DRAWN, ToyCar, spaces_of
from envs.track import Track, load
from envs.world import build

POOL = 60  # tracks that cars draw from, if they are given none
REWARD, SCORE, PROGRESS, SPEED = 0, 1, 2, 3  # rows of `Told.numbers`
TERMINATED, TRUNCATED, OVER, ACCIDENT = 0, 1, 2, 3  # rows of `Told.flags`; over: terminated or truncated
_HOLDS = ("_score", "_progress", "_laps", "_speed", "_accident", "_track")


class Told(NamedTuple):
    """What a step or a reset tells of n cars; few arrays, for each of them costs time whenever compiled code is called.

    Fields:
        observations: (n, inputs) float32. numbers: (4, n) float64: reward, score, progress [m], speed [m/s].
        flags: (4, n) bool: terminated, truncated, over, accident. laps: (n,) int64.
    """

    observations: np.ndarray
    numbers: np.ndarray
    flags: np.ndarray
    laps: np.ndarray


class ToyCarVector(VectorEnv[np.ndarray, Any, np.ndarray]):
    """`num_envs` toy cars, each in an episode of its own; see `envs.toy_car.ToyCar` for what they see, do and earn.

    `gymnasium.make_vec("envs:emergent/ToyCar-v0", num_envs=64)` makes it. Step by step it gives what gymnasium's
    `SyncVectorEnv` of as many `ToyCar`s gives, to the last bit and infos included, some seventeen times as fast.

    ## Arguments
    Those of `ToyCar`, and:
    - `num_envs=1`: cars.
    - `track=None`: as there, the same for all cars; or a list of them, one for each car. With None each car draws a
      track anew at every reset, from a pool of tracks that are made once, at the beginning: making one takes a tenth of
      a second, as long as a hundred thousand steps.
      `reset(options={"track": ...})` gives all cars other tracks, or each its own, from then on.
    - `pool=60`: how many there are in it, used with `track=None` alone. They are the generated tracks of the seeds from
      1,048,576 on, a third of each family, always the same ones: `reset(seed=...)` decides who drives which and when.
    - `autoreset_mode=AutoresetMode.NEXT_STEP`: what happens to a car whose episode is over. The next step begins a new
      one, whatever its action, with a reward of 0; `SAME_STEP` begins it at once, and `infos` holds `final_obs` and
      `final_info`; `DISABLED` waits for `reset(options={"reset_mask": ...})`, (num_envs,) bool: which cars to reset.
    - `render_mode=None` or "rgb_array": `render` gives a picture of each car.

    ## Seeds
    `reset(seed=s)` seeds car i with s + i; a list seeds each with its own. Each car has a generator of its own, and its
    draws depend on nothing else.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 - declared by VectorEnv
        "render_modes": ["rgb_array"],
        "render_fps": ToyCar.metadata["render_fps"],
        "autoreset_mode": AutoresetMode.NEXT_STEP,
    }

    def __init__(
        self,
        num_envs: int = 1,
        beams: int = 9,
        previous_scan: bool = False,
        observe_reward: bool = False,
        discrete: bool = False,
        obstacles: int = 0,
        track: int | str | Path | Track | Sequence[int | str | Path | Track] | None = None,
        scale: float = 1.0,
        reverse: bool = False,
        laps: int | None = None,
        time_limit: float = 60.0,
        accident_cost: float = 1.0,
        limits: Mapping[str, float] | None = None,
        render_mode: str | None = None,
        pool: int = POOL,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ):
        _check(num_envs, pool, render_mode, autoreset_mode)
        self.num_envs, self.render_mode = int(num_envs), render_mode
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        self.limits = changed_limits(limits or {})
        self._settings: dict[str, Any] = {
            "beams": beams,
            "previous_scan": previous_scan,
            "observe_reward": observe_reward,
            "discrete": discrete,
            "obstacles": obstacles,
            "laps": laps,
            "time_limit": time_limit,
            "accident_cost": accident_cost,
        }
        self._scale, self._reverse = scale, reverse
        drawn = track is None
        self._enter(range(DRAWN, DRAWN + pool) if drawn else self._for_each_car(track), drawn)
        self.single_observation_space, self.single_action_space = spaces_of(self.world)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        n_body, self._inputs, n_outputs = sizes(self.world)
        self.bodies = np.zeros((num_envs, n_body))
        self._actions = np.zeros((num_envs, n_outputs), np.float32)
        self._action_shape = self.action_space.shape
        self._generators = [seeding.np_random(None) for _ in range(num_envs)]  # and the seed of each
        self._over = np.zeros(num_envs, bool)
        self._any_over, self._begun = False, False

    def _for_each_car(self, track: Any) -> list[int | str | Path | Track]:
        if isinstance(track, str) or not isinstance(track, Sequence | np.ndarray):
            return [track] * self.num_envs
        if len(track) != self.num_envs:
            raise ValueError(f"track: expected one for all cars or a list of {self.num_envs}, got {len(track)}")
        return list(track)

    def _enter(self, tracks: Sequence[int | str | Path | Track], drawn: bool) -> None:
        """Make these the tracks that are driven: a pool to be drawn from, or that of each car."""
        different = list(dict.fromkeys(tracks))
        with ThreadPoolExecutor(os.cpu_count()) as pool:  # most of the work is compiled code without the GIL
            made = list(pool.map(self._load, different))
        driven = references(made, self.limits)
        self.world: Car = build(made, self.limits, **self._settings, driven=driven)
        self.tracks: list[Track] = made
        self.references: list[Reference] = driven
        self._names = np.array([track.name for track in made], object)
        place = {track: i for i, track in enumerate(different)}
        self._on = np.zeros(self.num_envs, np.int64) if drawn else np.array([place[track] for track in tracks])
        self._drawn = drawn

    def _load(self, track: int | str | Path | Track) -> Track:
        return track if isinstance(track, Track) else load(track, self._scale, self._reverse)

    # --- what gymnasium asks for ---------------------------------------------------------------------------------

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        chosen, track = self._chosen(options or {})
        self._seed(seed)
        if track is not None:
            self._enter(self._for_each_car(track), drawn=False)
        self._draw(chosen)
        told = self._room()
        _reset(self.world, chosen, self._on, self.bodies, told)
        self._over = self._over & ~chosen
        self._any_over, self._begun = bool(self._over.any()), True
        return told.observations, self._infos(told, None if chosen.all() else chosen)

    def step(self, actions: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        if not self._begun:
            raise gymnasium.error.ResetNeeded("the cars are nowhere yet; call reset before step")
        self._take(actions)
        if self._any_over and self.autoreset_mode is AutoresetMode.NEXT_STEP:
            self._draw(self._over)
        elif self._any_over:
            raise gymnasium.error.ResetNeeded(
                f"the episode of car {self._over.argmax()} is over, and autoreset is disabled; "
                'reset it with options={"reset_mask": ...}'
            )
        told = self._room()
        ended = bool(_step(self.world, self._over, self._on, self.bodies, self._actions, told))
        infos: dict[str, Any] = {}
        if self.autoreset_mode is not AutoresetMode.SAME_STEP:
            self._over, self._any_over = told.flags[OVER], ended
        elif ended:
            infos = self._begin_anew(told)
        infos.update(self._infos(told))
        return told.observations, told.numbers[REWARD], told.flags[TERMINATED], told.flags[TRUNCATED], infos

    def render(self) -> tuple[np.ndarray, ...] | None:
        if self.render_mode is None:
            gymnasium.logger.warn("render() needs a render_mode: give it to gymnasium.make_vec")
            return None
        from envs import drawing  # pygame is loaded only here

        return tuple(drawing.picture(self._seen(i)) for i in range(self.num_envs))

    @property  # type: ignore[misc]  # read only, and one for each car, as in SyncVectorEnv
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """The generator of each car."""
        return tuple(generator for generator, _ in self._generators)

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """What each was seeded with."""
        return tuple(seed for _, seed in self._generators)

    # --- steps of it ---------------------------------------------------------------------------------------------

    def _chosen(self, options: Mapping[str, Any]) -> tuple[np.ndarray, Any]:
        """Which cars are to be reset, (num_envs,) bool, and the tracks they are given, or None."""
        if unknown := sorted(set(options) - {"track", "reset_mask"}):
            raise ValueError(f"options: expected only 'track' and 'reset_mask', got {', '.join(unknown)}")
        track, mask = options.get("track"), options.get("reset_mask")
        if mask is None:
            return np.ones(self.num_envs, bool), track
        chosen = np.asarray(mask)
        if chosen.dtype != bool or chosen.shape != (self.num_envs,) or not chosen.any():
            raise ValueError(
                f"options: expected a 'reset_mask' of {self.num_envs} booleans, at least one of them true, got {mask!r}"
            )
        if track is not None:
            raise ValueError("options: a 'track' is for all cars; give it without a 'reset_mask'")
        if not self._begun and not chosen.all():
            raise gymnasium.error.ResetNeeded("the other cars are nowhere yet; reset all of them first")
        return chosen, None

    def _seed(self, seed: int | Sequence[int | None] | None) -> None:
        if seed is None:
            return
        seeds = [seed + i for i in range(self.num_envs)] if isinstance(seed, int | np.integer) else list(seed)
        if len(seeds) != self.num_envs:
            raise ValueError(f"seed: expected a number or a list of {self.num_envs}, got {len(seeds)}")
        for i, number in enumerate(seeds):
            if number is not None:
                self._generators[i] = seeding.np_random(number)

    def _draw(self, chosen: np.ndarray) -> None:
        """Draw the next track for each of the chosen cars, unless its track was given."""
        if self._drawn:
            for i in chosen.nonzero()[0]:
                self._on[i] = self._generators[i][0].integers(len(self.tracks))

    def _take(self, actions: Any) -> None:
        """Check `actions` and keep them as the physics takes them."""
        given = np.asarray(actions)
        if given.shape != self._action_shape:
            raise ValueError(f"actions: expected the shape {self._action_shape}, got {given.shape}")
        if self._settings["discrete"]:
            if not np.issubdtype(given.dtype, np.integer) or given.min() < 0 or given.max() > 8:
                raise ValueError(f"actions: expected whole numbers 0..8, one for each car, got {actions}")
            self._actions.fill(0.0)
            self._actions[np.arange(self.num_envs), given] = 1.0
            return
        self._actions[:] = given
        if math.isnan(self._actions.min()):  # one pass: a NaN goes before all numbers
            car = int(np.isnan(self._actions).any(axis=1).argmax())
            raise ValueError(f"actions: expected two numbers for each car, got {given[car]} for car {car}")

    def _room(self) -> "Told":
        """Room for what a step tells: the caller keeps it, so it is new each time."""
        n = self.num_envs
        observations = np.empty((n, self._inputs), np.float32)
        return Told(observations, np.empty((4, n)), np.empty((4, n), bool), np.empty(n, np.int64))

    def _begin_anew(self, told: "Told") -> dict[str, Any]:
        """Reset the cars whose episodes are over, in place; returns the infos of their ends."""
        over = told.flags[OVER].copy()
        final = np.full(self.num_envs, None, object)
        for i in over.nonzero()[0]:
            final[i] = told.observations[i].copy()
        ends = self._infos(told, over)
        self._draw(over)
        _reset(self.world, over, self._on, self.bodies, told)
        return {"final_obs": final, "_final_obs": over, "final_info": ends, "_final_info": over.copy()}

    def _infos(self, told: "Told", chosen: np.ndarray | None = None) -> dict[str, Any]:
        """The infos of all cars or of the chosen ones: each value an array, and beside it which of them hold."""
        infos = {
            "score": told.numbers[SCORE],
            "progress": told.numbers[PROGRESS],
            "laps": told.laps,
            "speed": told.numbers[SPEED],
            "accident": told.flags[ACCIDENT],
            "track": self._names[self._on],
        }
        if chosen is None:
            return infos | dict.fromkeys(_HOLDS, np.ones(self.num_envs, bool))
        for name, values in infos.items():
            infos[name] = np.where(chosen, values, np.zeros(1, values.dtype) if values.dtype != object else None)
        return infos | {name: chosen.copy() for name in _HOLDS}

    def _seen(self, i: int) -> Any:
        """Car i alone, to be drawn."""
        from envs.drawing import Moment

        k, world = int(self._on[i]), self.world
        first, end = world.first_obstacle[k : k + 2]
        alone = world._replace(obstacles=world.obstacles[first:end], pace=world.pace[k : k + 1])
        return Moment(self.tracks[k], self.references[k], self.limits, alone, self.bodies[i])


def _check(num_envs: int, pool: int, render_mode: str | None, autoreset_mode: AutoresetMode | str) -> None:
    if not _whole(num_envs) or num_envs < 1:
        raise ValueError(f"num_envs: expected 1 car or more, got {num_envs!r}; give a whole number")
    if not _whole(pool) or not 1 <= pool <= DRAWN:
        raise ValueError(
            f"pool: expected 1..{DRAWN} tracks, got {pool!r}; give a whole number, or a `track` to have no pool"
        )
    if render_mode not in (None, "rgb_array"):
        raise ValueError(f"render_mode: expected 'rgb_array' or None for many cars, got {render_mode!r}")
    modes = [mode.value for mode in AutoresetMode]
    if autoreset_mode not in (*AutoresetMode, *modes):
        raise ValueError(
            f"autoreset_mode: expected one of {modes}, got {autoreset_mode!r}; "
            "give one of them or of `gymnasium.vector.AutoresetMode`"
        )


def _whole(number: Any) -> bool:
    return isinstance(number, int | np.integer) and not isinstance(number, bool)


@kernel
def _tell(world, i, body, told):
    """Write what car i sees and what infos tell of it."""
    observe(world, body, told.observations[i])
    score, progress, laps, speed, accident = told_of(world, body)
    told.numbers[SCORE, i], told.numbers[PROGRESS, i], told.numbers[SPEED, i] = score, progress, speed
    told.laps[i], told.flags[ACCIDENT, i] = laps, accident


@kernel
def _reset(world, chosen, on, bodies, told):
    """Begin the episodes of the chosen cars, car i on track on[i]; write what is told of all of them."""
    for i in range(len(bodies)):
        if chosen[i]:
            begin(world, on[i], bodies[i])
        _tell(world, i, bodies[i], told)


@kernel
def _step(world, fresh, on, bodies, actions, told):
    """Advance every car by one action, or begin its next episode if it is `fresh`; whether any episode is over now."""
    ended = False
    for i in range(len(bodies)):
        body = bodies[i]
        reward, terminated, truncated = 0.0, False, False
        if fresh[i]:
            begin(world, on[i], body)
        else:
            reward, terminated, truncated = advance(world, body, actions[i])
        over = terminated or truncated
        told.numbers[REWARD, i], told.flags[TERMINATED, i], told.flags[TRUNCATED, i] = reward, terminated, truncated
        told.flags[OVER, i] = over
        ended = ended or over
        _tell(world, i, body, told)
    return ended
