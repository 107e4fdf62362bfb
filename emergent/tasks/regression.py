"""Regression: functions of real numbers, written as formulas, to be learnt from points and tested on others.

Points come one after another in episodes, so that a retained state meets what the last point has left in it. The
score is R2 over all points of the test: 1 is exact, 0 is what always answering the mean is worth. A thought without an
answer, for it has not halted or has diverged, counts like any other, with the output 0.
"""

import itertools
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Any, Literal, Self

import gymnasium
import numpy as np
from gymnasium import spaces
from pydantic import Field, model_validator

from emergent.expressions import Expression, parse
from emergent.randomness import generator, seeds
from emergent.tasks.base import ActingTask
from emergent.tasks.world import World, own_seeds, purpose_of
from emergent.verb import kernel
from emergent.verbs import advance, begin, observe, score, sizes
from envs.points import POINT, Points, answered

_PICTURE = 240  # px, the side of what `render` gives


class Regression(ActingTask):
    """Learn functions of real numbers: y1, y2 ... of x1, x2 ..."""

    name: Literal["regression"] = Field("regression", description="which task this is")
    expressions: Annotated[list[str], Field(min_length=1, max_length=64)] = Field(
        ..., description="a formula for each output, of x1, x2 and so on: x1 * x2"
    )
    inputs: Annotated[int, Field(ge=1, le=64)] = Field(2, description="how many inputs there are")
    box: tuple[float, float] = Field((-1.0, 1.0), description="least and largest value of every input")
    span: Annotated[float, Field(gt=0, allow_inf_nan=False)] = Field(
        1.0, description="what an output of 1 stands for: the largest number that can be answered"
    )
    points: Annotated[int, Field(ge=1, le=10_000)] = Field(4, description="points of an episode, one after another")
    observe_reward: bool = Field(False, description="observe the reward of the last answer too, from -1 to 0")
    selection_episodes: Annotated[int, Field(ge=1, le=10_000)] = Field(
        64, description="episodes the champion is chosen on"
    )
    test_episodes: Annotated[int, Field(ge=1, le=10_000)] = Field(
        256, description="episodes of the test, read once, at the end"
    )

    @model_validator(mode="after")
    def _functions_that_can_be_answered(self) -> Self:
        if not -np.inf < self.box[0] < self.box[1] < np.inf:
            raise ValueError(f"box: expected two finite numbers, low < high, got {list(self.box)}")
        corners = np.array(list(itertools.product(self.box, repeat=min(self.inputs, 10))))
        corners = np.hstack([corners, np.zeros((len(corners), self.inputs - corners.shape[1]))])
        drawn = self._inputs_of(own_seeds("test", np.arange(self.test_episodes))).reshape(-1, self.inputs)
        for number, values in enumerate(self._values(np.vstack([corners, drawn])).T, 1):
            if not np.isfinite(values).all():
                raise ValueError(f"expressions: y{number} has no finite value somewhere in the box")
            if np.abs(values).max() > self.span:
                raise ValueError(
                    f"span: expected at least {np.abs(values).max():.6g}, the largest |y{number}|, got {self.span:g}"
                )
            if values.std() < 1e-6 * self.span:
                raise ValueError(f"expressions: y{number} is the same everywhere, so there is nothing to learn")
        return self

    # --- what a model must fit -----------------------------------------------------------------------------------

    @property
    def low(self) -> list[float]:
        """Lower bounds of the observation."""
        return [self.box[0]] * self.inputs + [-1.0] * self.observe_reward

    @property
    def high(self) -> list[float]:
        """Upper bounds of the observation."""
        return [self.box[1]] * self.inputs + [0.0] * self.observe_reward

    @property
    def outputs(self) -> int:
        """Numbers that the model puts out."""
        return len(self.expressions)

    @property
    def action(self) -> dict[str, Any]:
        """What the environment expects of a policy."""
        return {"low": [-1.0] * self.outputs, "high": [1.0] * self.outputs}

    @property
    def test_key(self) -> dict[str, Any]:
        """What a test score depends on besides the policy: only scores of the same may be compared."""
        names = ("expressions", "inputs", "box", "span", "points", "test_episodes")
        return {"task": self.name} | {name: getattr(self, name) for name in names}

    @property
    def measure(self) -> str:
        """What a score is called."""
        return "R2"

    # --- worlds --------------------------------------------------------------------------------------------------

    def training(self, root: int, block: int, episodes: int) -> World:
        """The world of a renewal block, the same for all individuals: `episodes` of points drawn anew."""
        numbers = seeds(root, "points", block, np.arange(episodes))
        return self._world(own_seeds("training", numbers), self._training_variance)

    def selection(self) -> World:
        """The world in which the champion is chosen."""
        return self._world(own_seeds("selection", np.arange(self.selection_episodes)))

    def test(self) -> World:
        """The world of the final score."""
        return self._world(own_seeds("test", np.arange(self.test_episodes)))

    def episodes(self, numbers: Sequence[int], variance: np.ndarray | None = None) -> Points:
        """The episodes of these seeds; squared errors are measured by the `variance` (outputs,) of their own targets,
        unless it is given.
        """
        inputs = self._inputs_of(numbers)
        targets = self._values(inputs.reshape(-1, self.inputs)).reshape(*inputs.shape[:2], self.outputs)
        measure = targets.var(axis=(0, 1)) if variance is None else variance
        return Points(inputs, targets, measure, self.span, self.observe_reward)

    @cached_property
    def _training_variance(self) -> np.ndarray:
        """One for all blocks, so that fitness means the same in each: that of what the champion is chosen by."""
        return np.asarray(self.selection().record.variance)

    @cached_property
    def _test_variance(self) -> np.ndarray:
        return np.asarray(self.test().record.variance)

    def _world(self, numbers: Sequence[int], variance: np.ndarray | None = None) -> World:
        return World(self.episodes(numbers, variance), tuple(numbers))

    def _inputs_of(self, numbers: Sequence[int]) -> np.ndarray:
        """(episodes, points, inputs) float32, uniform in the box; an episode's hang on its seed alone."""
        shape = self.points, self.inputs
        return np.array([generator(seed, "points").uniform(*self.box, shape) for seed in numbers], np.float32)

    def _values(self, inputs: np.ndarray) -> np.ndarray:
        """The functions at inputs (n, inputs): (n, outputs) float64."""
        columns = inputs.astype(np.float64).T
        return np.stack([np.broadcast_to(formula(*columns), len(inputs)) for formula in self._formulas], axis=1)

    @cached_property
    def _formulas(self) -> list[Expression]:
        names = [f"x{i + 1}" for i in range(self.inputs)]
        return [parse(text, names) for text in self.expressions]

    # --- the plain path ------------------------------------------------------------------------------------------

    @property
    def id(self) -> str:
        """What is learnt, in a few words."""
        return ", ".join(f"y{i + 1} = {text}" for i, text in enumerate(self.expressions))

    def enter(self, episode: int, former: gymnasium.Env | None) -> tuple[gymnasium.Env, int]:
        """The environment of an episode, and the seed to reset it with; `former` is one that is free again."""
        tested = purpose_of(episode) == "test"
        return former or PointsEnv(self, self._test_variance if tested else self._training_variance), episode

    def make(self, render_mode: str | None = None) -> "PointsEnv":
        """The environment of the test."""
        return PointsEnv(self, self._test_variance, render_mode)

    def score(self, total: float, info: dict[str, Any]) -> float:  # noqa: ARG002
        """The score of an episode that ended with this info."""
        return float(info["score"])


class PointsEnv(gymnasium.Env):
    """A regression as an environment: the observation is a point, the action an answer; an episode is a few points.

    Its reset takes the seed of the episode. `info` holds the score so far and, after a step, the `answer` and the
    `target`, lists of a number for each output. Rendered, it is a picture of all answers so far against their targets.

    Args:
        task: which functions. variance: (outputs,) what squared errors are measured by.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 4}  # noqa: RUF012 - gymnasium's own has this form

    def __init__(self, task: Regression, variance: np.ndarray, render_mode: str | None = None):
        self.task, self.variance, self.render_mode = task, variance, render_mode
        self.observation_space = spaces.Box(
            np.array(task.low, np.float32), np.array(task.high, np.float32), dtype=np.float32
        )
        self.action_space = spaces.Box(-1.0, 1.0, (task.outputs,), np.float32)
        self._body = np.zeros(0)
        self._answers: list[tuple[list[float], list[float]]] = []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """See gymnasium."""
        super().reset(seed=seed, options=options)
        chosen = int(self.np_random.integers(1 << 30)) if seed is None else seed
        self._points = self.task.episodes([chosen], self.variance)
        self._answers = []
        observation = np.empty(self.observation_space.shape or (), np.float32)
        self._body = np.zeros(sizes(self._points)[0])
        _begin(self._points, self._body, observation)
        return observation, {"score": 0.0}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """See gymnasium."""
        wanted = np.asarray(action, np.float32)
        if wanted.shape != self.action_space.shape or np.isnan(wanted).any():
            raise ValueError(f"action: expected {self.task.outputs} numbers in [-1, 1], got {action}")
        target = self._points.targets[0, int(self._body[POINT])].tolist()
        observation = np.empty(self.observation_space.shape or (), np.float32)
        answer = np.empty(len(wanted))
        (reward, terminated, truncated), reached = _step(self._points, self._body, wanted, observation, answer)
        self._answers.append((target, answer.tolist()))
        info = {"score": float(reached), "answer": answer.tolist(), "target": target}
        return observation, float(reward), bool(terminated), bool(truncated), info

    def render(self) -> np.ndarray:
        """Answers (up) against targets (to the right), each output in its own colour."""
        picture = np.full((_PICTURE, _PICTURE, 3), 24, np.uint8)
        along = np.arange(_PICTURE)
        picture[along[::-1], along] = 90
        for target, answer in self._answers:
            for j, place in enumerate(zip(target, answer, strict=True)):
                x, y = (round((number / self.task.span + 1) / 2 * (_PICTURE - 1)) for number in place)
                top = max(_PICTURE - 1 - y - 2, 0)
                picture[top : top + 5, max(x - 2, 0) : x + 3] = ((90, 200, 120), (90, 150, 240))[j % 2]
        return picture


@kernel
def _begin(points, body, observation):
    begin(points, 0, body)
    observe(points, body, observation)


@kernel
def _step(points, body, action, observation, answer):
    outcome = advance(points, body, action)
    observe(points, body, observation)
    for j in range(len(answer)):
        answer[j] = answered(points, action, j)
    return outcome, score(points, body)
