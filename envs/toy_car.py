"""The toy car as a gymnasium environment: a thin shell over the compiled physics of `envs.car`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces

from emergent.verb import kernel
from emergent.verbs import advance, begin, observe, sizes
from envs.car import Car, told_of
from envs.limits import changed_limits
from envs.reference import Reference, compute, reference
from envs.track import Track, load
from envs.world import build

DRAWN = 1 << 20  # tracks drawn anew have seeds from here on, apart from those of training, selection and test


class ToyCar(gymnasium.Env[np.ndarray, Any]):
    """Drive round a closed track as fast as possible without touching its edges.

    ## Observation Space
    `Box(0, 1, (1 + beams,), float32)`; with `previous_scan` the previous scan follows, `beams` more; with
    `observe_reward` last comes the progress in the last action: 0.5 is the reference driver's mean, 1 twice that or
    more.

    | index     | what                                                            | 0       | 1              |
    |-----------|-----------------------------------------------------------------|---------|----------------|
    | 0         | speed                                                           | 0 m/s   | 30 m/s         |
    | 1..beams  | LIDAR, square root of the range, from the left round to the right | touching | 80 m or more |

    The beams spread evenly over 180 degrees, from 90 degrees left to 90 degrees right of the heading. They see the
    edges of the road and obstacles, not other parts of the track beyond an edge. The mean range is about 12 m of 80:
    the square root gives near edges most of the scale.

    ## Action Space
    `Box(-1, 1, (2,), float32)`: steering (1: 0.5 rad to the left, the target that the wheels turn to at 1.5 rad/s), and
    acceleration (1: 5 m/s², -1: brakes of 8 m/s²). Values outside are clipped; NaN is refused. With `discrete=True`
    `Discrete(9)`: 3 * (steering + 1) + (acceleration + 1), each of them -1, 0 or 1.

    ## Rewards
    Progress along the centre line, as a share of what the reference driver covers in the whole time limit; minus
    `accident_cost` at an accident. Whoever finishes his `laps` gets with the last of them what his score is more than
    that. So, but for accidents, the rewards of an episode add up to its score.

    ## Starting State
    On the centre line at station 0, along it, at 5 m/s.

    ## Episode End
    Terminated by an accident: the car's centre nearer than 1 m to an edge or an obstacle in any of the 4 physics steps
    of an action, or no new best progress of 1 m for 5 s; or by finishing `laps`. Truncated after `time_limit`.

    ## Info
    `score`: progress over the reference driver's in the same time; 1 is the fastest these limits allow, inside the same
    clearance, without obstacles. It is given for the whole time limit (after the last of `laps`, for the time they
    took), so it is final when the episode ends. `progress` [m], `laps`, `speed` [m/s], `accident`, `track` (name).

    ## Arguments
    - `beams=9`, `previous_scan=False`, `observe_reward=False`, `discrete=False`: see above.
    - `obstacles=0`: round obstacles of 1 m diameter, always at the same places of a track.
    - `track=None`: None draws a new track at every reset; an integer is the seed of a generated track, whose family is
      `("loops", "mazes", "straights")[seed % 3]`; a path names a CSV file of `x_m, y_m, w_tr_right_m, w_tr_left_m`.
      `reset(options={"track": ...})` changes it.
    - `scale=1.0`: of the track, its width included. `reverse=False`: drive it the other way round.
    - `laps=None`: the episode is over after so many; None: only the time limit counts. `time_limit=60.0` s.
    - `accident_cost=1.0`: what an accident costs. `limits={}`: of the car, by the names of `envs.limits.Limits`, SI.
    - `render_mode=None`, "human" (a window) or "rgb_array" (no display needed).

    ## Version History
    - v0: kinematic bicycle of 2.6 m wheelbase, 4 steps of physics at 10 Hz, 8 m/s² of lateral grip.
    """

    metadata = {"render_modes": ["human", "rgb_array"], "render_fps": 10}  # noqa: RUF012 - declared by gymnasium.Env

    def __init__(
        self,
        beams: int = 9,
        previous_scan: bool = False,
        observe_reward: bool = False,
        discrete: bool = False,
        obstacles: int = 0,
        track: int | str | Path | Track | None = None,
        scale: float = 1.0,
        reverse: bool = False,
        laps: int | None = None,
        time_limit: float = 60.0,
        accident_cost: float = 1.0,
        limits: Mapping[str, float] | None = None,
        render_mode: str | None = None,
    ):
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(
                f"render_mode: expected one of {self.metadata['render_modes']} or None, got {render_mode!r}"
            )
        self.limits = changed_limits(limits or {})
        self.render_mode = render_mode
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
        self._fixed = track is not None
        self._enter(0 if track is None else track)  # also checks every setting, before anything is asked of us
        n_body, self._inputs, n_outputs = sizes(self.world)
        self.observation_space, self.action_space = spaces_of(self.world)
        self.body = np.zeros(n_body)
        self._action = np.zeros(n_outputs, np.float32)
        self._window: Any = None

    @classmethod
    def of(cls, track: Track, **settings: Any) -> "ToyCar":
        """The environment on a track at hand, as it is."""
        return cls(track=track, **settings)

    def _enter(self, track: int | str | Path | Track, again: bool = True) -> None:
        """Make `track` the one that is driven; `again` if it may be another time, so that its reference is kept."""
        self.track = track if isinstance(track, Track) else load(track, self._scale, self._reverse)
        self.reference: Reference = (reference if again else compute)(self.track, self.limits)
        self.world: Car = build([self.track], self.limits, **self._settings, driven=[self.reference])

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        unknown = set(options or {}) - {"track"}
        if unknown:
            raise ValueError(f"options: expected only 'track', got {', '.join(sorted(unknown))}")
        if options and options.get("track") is not None:
            self._enter(options["track"])
        elif not self._fixed:
            self._enter(int(self.np_random.integers(DRAWN, 2 * DRAWN)), again=False)
        observation = np.empty(self._inputs, np.float32)
        told = _reset(self.world, self.body, observation)
        if self.render_mode == "human":
            self.render()
        return observation, self._info(told)

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        self._take(action)
        observation = np.empty(self._inputs, np.float32)
        (reward, terminated, truncated), told = _step(self.world, self.body, self._action, observation)
        if self.render_mode == "human":
            self.render()
        return observation, float(reward), bool(terminated), bool(truncated), self._info(told)

    def _take(self, action: Any) -> None:
        """Check `action` and keep it as the physics takes it."""
        if self._settings["discrete"]:
            if not self.action_space.contains(action):
                raise ValueError(f"action: expected one of 0..8, got {action!r}")
            self._action[:] = 0.0
            self._action[int(action)] = 1.0
            return
        wanted = np.asarray(action, np.float32)
        numbers = wanted.tolist() if wanted.shape == (2,) else ()  # two numbers of Python are looked at the fastest
        if not numbers or numbers[0] != numbers[0] or numbers[1] != numbers[1]:
            raise ValueError(f"action: expected two numbers, steering and acceleration in [-1, 1], got {action}")
        self._action[0], self._action[1] = numbers

    def _info(self, told: tuple[float, float, int, float, bool]) -> dict[str, Any]:
        score, progress, laps, speed, accident = told
        return {
            "score": float(score),
            "progress": float(progress),
            "laps": int(laps),
            "speed": float(speed),
            "accident": bool(accident),
            "track": self.track.name,
        }

    def render(self) -> np.ndarray | None:
        if self.render_mode is None:
            gymnasium.logger.warn("render() needs a render_mode: give it to gymnasium.make")
            return None
        from envs import drawing  # pygame is loaded only here

        if self.render_mode == "rgb_array":
            return drawing.picture(self)
        self._window = self._window or drawing.Window(self.metadata["render_fps"])
        self._window.show(self)
        return None

    def close(self) -> None:
        if self._window is not None:
            self._window.close()
            self._window = None


def spaces_of(world: Car) -> tuple[spaces.Box, spaces.Space[Any]]:
    """The spaces of the observations and of the actions of one car in `world`."""
    _, inputs, outputs = sizes(world)
    action = spaces.Discrete(outputs) if world.discrete else spaces.Box(-1.0, 1.0, (outputs,), np.float32)
    return spaces.Box(0.0, 1.0, (inputs,), np.float32), action


@kernel
def _reset(world, body, observation):
    begin(world, 0, body)
    observe(world, body, observation)
    return told_of(world, body)


@kernel
def _step(world, body, action, observation):
    outcome = advance(world, body, action)
    observe(world, body, observation)
    return outcome, told_of(world, body)
