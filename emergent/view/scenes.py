"""Where a policy acts, as it is shown: the toy car on its tracks, or the pictures of any other environment."""

from pathlib import Path
from typing import Any, NamedTuple, Protocol

import gymnasium
import numpy as np
import pygame

from emergent.model_file import ModelFile
from emergent.randomness import seeds
from emergent.tasks import Driving, Environment, Language, Regression, acting_of
from emergent.verbs import arity
from emergent.view.palette import GROUND
from envs import car as body_of
from envs import drawing
from envs.toy_car import ToyCar
from envs.track import Track, named

Choice = int | str | Path | Track


class Gauge(NamedTuple):
    """A bar: `share` of it is filled, from its left end in [0, 1], or from its middle in [-1, 1] if `centred`."""

    name: str
    share: float
    text: str
    centred: bool = False


class Scene(Protocol):
    """An environment that can be looked at.

    Attributes:
        rate: control steps in a second of its own time.
        over: why the episode is over, "" while it is not.
    """

    rate: float
    over: str

    def enter(self, number: int) -> tuple[np.ndarray, int]:
        """Begin episode `number`, round and round; returns the first observation and the policy's noise seed."""

    def step(self, action: np.ndarray) -> np.ndarray:
        """Take one control step; returns the observation after it."""

    def draw(self, surface: pygame.Surface, area: pygame.Rect) -> None:
        """Draw what there is to see into `area`."""

    def title(self) -> str:
        """What is being acted in."""

    def state(self) -> str:
        """How far the episode is and how well it goes, in a few words."""

    def gauges(self) -> list[Gauge]:
        """The numbers worth watching."""

    def close(self) -> None:
        """Let go of the environment."""


def scene(model: ModelFile, track: Choice | None = None) -> "CarScene | PictureScene":
    """The scene of the task that `model` was trained for.

    Args:
        track: the first one to drive: the seed of a generated one, also as a string, or a CSV file; of another
            environment, the number of a test episode. After it, and if it is None, come those of the test, from the
            first on, with the very noise that the test had.

    Raises:
        ValueError: the model does not fit the task, or its environment makes no pictures, or there is no such episode.
        TrackError: the track cannot be driven.
    """
    task = acting_of(model)
    inputs, outputs = arity(model.policy)
    if inputs not in (None, len(task.low)) or outputs != task.outputs:
        raise ValueError(
            f"the model takes {inputs} numbers and puts out {outputs}, but the task {task.name} gives {len(task.low)} "
            f"and takes {task.outputs}; a model file of a training run says which task it is for"
        )
    if isinstance(task, Language):
        raise ValueError("a language is heard, not seen: emergent generate RUN --prompt 12")
    root = int(model.about.get("seed", 0))
    track = named(track)
    return CarScene(task, root, track) if isinstance(task, Driving) else PictureScene(task, root, track)


class CarScene:
    """The toy car; see Scene.

    Args:
        task: whose car it is; root: seed of the run, for the noise of its test.
        track: the first one to drive; see `scene`.
        changes: arguments of `ToyCar` that differ from the task's.

    Attributes:
        line, beams: whether the reference line and the LIDAR's beams are drawn.
        between: how much of the last control step is drawn, from 0, the moment before it, to 1.
    """

    def __init__(self, task: Driving, root: int, track: Choice | None = None, **changes: Any):
        self._root, self._test = root, task.tracks("test")
        self._tracks: list[Choice] = [*self._test] if track is None else [track, *self._test]
        self._env = ToyCar(**{**task.car, **changes, "track": self._tracks[0]})
        self.line, self.beams, self.between = True, True, 1.0
        self.rate = 1.0 / self._env.limits.time_step
        self.over = ""
        self._info: dict[str, Any] = {}
        self._action = np.zeros(2)

    def enter(self, number: int) -> tuple[np.ndarray, int]:
        track = self._tracks[number % len(self._tracks)]
        observation, self._info = self._env.reset(options={"track": track})
        self._action, self.over = np.zeros(2), ""
        self._before = self._env.body.copy()
        if isinstance(track, int) and track in self._test:
            return observation, int(seeds(self._root, "test", self._test.index(track)))
        return observation, int(seeds(self._root, "replay", number % len(self._tracks)))

    def step(self, action: np.ndarray) -> np.ndarray:
        self._before = self._env.body.copy()
        observation, _, terminated, truncated, self._info = self._env.step(action)
        if np.ndim(action):
            self._action = np.asarray(action, float)
        else:  # one of nine
            self._action = np.array([action // 3 - 1, action % 3 - 1], float)
        if self._info["accident"]:
            self.over = "accident"
        elif terminated or truncated:
            self.over = "finished" if terminated else "time is up"
        return observation

    @property
    def track(self) -> Track:
        """The track that is driven."""
        return self._env.track

    @property
    def score(self) -> float:
        """Of the episode so far, final when it is over."""
        return float(self._info["score"])

    def draw(self, surface: pygame.Surface, area: pygame.Rect) -> None:
        env, body = self._env, self._env.body
        if self.between < 1.0:
            body = self._before + self.between * (body - self._before)
            body[body_of.ACCIDENT] = 0.0  # it is still to come
        shown = drawing.Moment(env.track, env.reference, env.limits, env.world, body)
        drawing.draw(surface, shown, area, self.line, self.beams)

    def title(self) -> str:
        return self._env.track.name

    def state(self) -> str:
        seconds = self._env.body[body_of.STEP] / self.rate
        metres, score = round(self._info["progress"]) + 0, round(self._info["score"], 3) + 0.0  # never -0
        return f"{seconds:.1f} s   {metres} m   score {score:.3f}"

    def gauges(self) -> list[Gauge]:
        env, limits = self._env, self._env.limits
        speed, wheels = env.body[body_of.SPEED], env.body[body_of.STEERING]
        expected = float(env.world.pace[0, int(env.body[body_of.STEP])])
        share = env.body[body_of.PROGRESS] / expected if expected > 0 else 0.0
        push = float(np.clip(self._action[1], -1, 1))
        return [
            Gauge("speed", speed / limits.top_speed, f"{speed:.1f} m/s"),
            Gauge(
                "steering",
                -wheels / limits.steering,
                _turn(wheels),
                True,
            ),
            Gauge("brake" if push < 0 else "throttle", push, f"{abs(100 * push):.0f} %", True),
            Gauge("reference", share, f"{100 * share:.0f} %"),
        ]

    def close(self) -> None:
        self._env.close()


def _turn(angle: float) -> str:
    """A steering angle [rad] in words."""
    degrees = round(abs(np.degrees(angle)))
    return f"{degrees}° {'left' if angle > 0 else 'right'}" if degrees else "0°"


class PictureScene:
    """Any environment that renders pictures; see Scene."""

    def __init__(self, task: Environment | Regression, root: int, number: Choice | None = None):
        if number is not None and not (isinstance(number, int) and 0 <= number < task.test_episodes):
            raise ValueError(
                f"track: expected the number of a test episode, 0..{task.test_episodes - 1}, got {number!r}"
            )
        self._task, self._root, self._first = task, root, number or 0
        self._episodes = task.test().episodes
        plain = task.make()
        modes = plain.metadata.get("render_modes", [])
        plain.close()
        if "rgb_array" not in modes:
            raise ValueError(f"{task.id} cannot be shown: it renders {modes or 'nothing'}, and rgb_array is needed")
        self._env = task.make(render_mode="rgb_array")
        self.rate = float(self._env.metadata.get("render_fps") or 30)
        self.over = ""
        self._total, self._steps, self._action = 0.0, 0, np.zeros(0)
        self._info: dict[str, Any] = {}
        self._picture: np.ndarray | None = None

    def enter(self, number: int) -> tuple[np.ndarray, int]:
        number = (self._first + number) % len(self._episodes)
        observation, self._info = self._env.reset(seed=self._episodes[number])
        self._total, self._steps, self._action, self.over = 0.0, 0, np.zeros(0), ""
        self._number, self._picture = number, None
        return observation, int(seeds(self._root, "test", number))

    def step(self, action: np.ndarray) -> np.ndarray:
        observation, reward, terminated, truncated, self._info = self._env.step(action)
        self._total += float(reward)
        self._steps += 1
        self._action, self._picture = np.atleast_1d(action), None
        if terminated or truncated:
            self.over = "episode over" if terminated else "time is up"
        return observation

    def draw(self, surface: pygame.Surface, area: pygame.Rect) -> None:
        if self._picture is None:
            self._picture = np.asarray(self._env.render())
        height, width = self._picture.shape[:2]
        zoom = min(area.width / width, area.height / height)
        place = pygame.Rect(0, 0, round(zoom * width), round(zoom * height))
        place.center = area.center
        surface.fill(GROUND, area)
        surface.blit(pygame.transform.smoothscale(_surface(self._picture), place.size), place)

    def title(self) -> str:
        return f"{self._task.id}, episode {self._number}"

    def state(self) -> str:
        return f"step {self._steps}   return {self._total:.1f}   score {self._task.score(self._total, self._info):.3f}"

    def gauges(self) -> list[Gauge]:
        action = self._env.action_space
        if isinstance(action, gymnasium.spaces.Discrete):
            chosen = int(self._action[0]) if len(self._action) else 0
            share = (chosen - action.start) / max(int(action.n) - 1, 1)
            return [Gauge("action", float(share), f"{chosen} of {action.start}..{action.start + action.n - 1}")]
        assert isinstance(action, gymnasium.spaces.Box)  # a task has checked it
        values = self._action if len(self._action) else np.zeros(action.shape)
        shares = 2 * (values - action.low) / (action.high - action.low) - 1
        return [Gauge(f"action {i}", float(shares[i]), f"{values[i]:+.2f}", True) for i in range(min(len(values), 4))]

    def close(self) -> None:
        self._env.close()


def _surface(picture: np.ndarray) -> pygame.Surface:
    return pygame.surfarray.make_surface(np.ascontiguousarray(picture[..., :3].swapaxes(0, 1), np.uint8))
