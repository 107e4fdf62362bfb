"""Any gymnasium environment whose observations are a few numbers or choices, and its actions of one kind, as a task.

Observations that are choices (Discrete, MultiDiscrete), or several things at once (Dict, Tuple), are flattened as
`gymnasium.wrappers.FlattenObservation` does it, a choice into one number for each of its cases.
It is lived through in Python, by processes; a few as they come are compiled: `envs.compiled`.
"""

import sys
import warnings
from functools import cached_property
from typing import Annotated, Any, Literal

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.wrappers import FlattenObservation
from pydantic import Field, field_validator

from emergent.randomness import seeds
from emergent.tasks.base import ActingTask
from emergent.tasks.world import World, own_seeds
from envs.compiled import COMPILED

_MOST_FLAT = 512  # numbers that an observation is flattened to: pictures are more


class Environment(ActingTask):
    """Act in a gymnasium environment."""

    name: Literal["environment"] = Field("environment", description="which task this is")
    id: str = Field(..., description="what gymnasium.make takes, such as CartPole-v1")
    kwargs: dict[str, Any] = Field({}, description="further arguments of gymnasium.make")
    bounds: list[tuple[float, float]] | None = Field(
        None, description="least and largest value of each observation, where the environment's own are not finite"
    )
    max_steps: Annotated[int, Field(ge=1)] | None = Field(
        None, description="control steps that end an episode; needed where the environment sets no limit itself"
    )
    observe_reward: tuple[float, float] | None = Field(
        None, description="least and largest reward of a control step, to observe the last one too"
    )
    solved: Annotated[float, Field(gt=0)] = Field(
        1.0, description="the return that counts as a score of 1; 1: a score is the return as it is"
    )
    selection_episodes: Annotated[int, Field(ge=1)] = Field(60, description="episodes the champion is chosen on")
    test_episodes: Annotated[int, Field(ge=1)] = Field(100, description="episodes of the test, read once, at the end")

    @field_validator("observe_reward")
    @classmethod
    def _finite_bounds(cls, bounds: tuple[float, float] | None) -> tuple[float, float] | None:
        if bounds is not None and not -np.inf < bounds[0] < bounds[1] < np.inf:
            raise ValueError(f"expected two finite numbers, low < high, got {list(bounds)}")
        return bounds

    # --- what a model must fit -----------------------------------------------------------------------------------

    @cached_property
    def _spaces(self) -> tuple[spaces.Box, spaces.Box | spaces.Discrete]:
        module = self.id.rpartition(":")[0]
        if module and module != "envs" and module not in sys.modules:  # gymnasium would import it: a file must not
            raise ValueError(f"id: {self.id!r} names a module that is not loaded; give its file with --import")
        try:
            with warnings.catch_warnings():  # made errors, these end the process while Box2D is loaded
                warnings.filterwarnings("ignore", "builtin type .*swig", DeprecationWarning)
                made = self._make()
        except Exception as error:  # whatever its constructor raises
            raise ValueError(f"id: gymnasium cannot make {self.id!r}: {type(error).__name__}: {error}") from None
        observation, action = made.observation_space, made.action_space
        limited = self.max_steps or (made.spec and made.spec.max_episode_steps) or module == "envs"
        made.close()
        if not limited:
            raise ValueError(f"max_steps: {self.id} sets no limit to an episode itself; give one, such as 1000")
        if not isinstance(observation, spaces.Box) or len(observation.shape) != 1:  # what could not be flattened
            raise ValueError(
                f"{self.id}: expected observations of at most {_MOST_FLAT} numbers, got {observation}; wrap it so that "
                "it shows fewer, such as in ResizeObservation, GrayscaleObservation or a TransformObservation of your "
                "own, register that, and give its file with --import"
            )
        if not isinstance(action, spaces.Discrete) and not (isinstance(action, spaces.Box) and len(action.shape) == 1):
            raise ValueError(
                f"{self.id}: expected actions in a Discrete space or a Box of one axis, got {action}; wrap it in a "
                "TransformAction that makes its action of one of these"
            )
        if isinstance(action, spaces.Box) and not action.is_bounded():
            raise ValueError(
                f"{self.id}: expected actions within finite bounds, got {action}; wrap it in RescaleAction"
            )
        if self.bounds is not None and len(self.bounds) != observation.shape[0]:
            raise ValueError(f"bounds: expected {observation.shape[0]} pairs, got {len(self.bounds)}")
        return observation, action

    @property
    def low(self) -> list[float]:
        """Lower bounds of the observation."""
        low = self._spaces[0].low.tolist() if self.bounds is None else [low for low, _ in self.bounds]
        return low + ([] if self.observe_reward is None else [self.observe_reward[0]])

    @property
    def high(self) -> list[float]:
        """Upper bounds of the observation."""
        high = self._spaces[0].high.tolist() if self.bounds is None else [high for _, high in self.bounds]
        return high + ([] if self.observe_reward is None else [self.observe_reward[1]])

    @property
    def inputs(self) -> int:
        """Numbers that the model is given."""
        return int(self._spaces[0].shape[0]) + (self.observe_reward is not None)

    @property
    def outputs(self) -> int:
        """Numbers that the model puts out."""
        action = self._spaces[1]
        return int(action.n) if isinstance(action, spaces.Discrete) else action.shape[0]

    @property
    def action(self) -> dict[str, Any]:
        """What the environment expects of a policy."""
        action = self._spaces[1]
        if isinstance(action, spaces.Discrete):
            return {"n": int(action.n), "start": int(action.start)}
        return {"low": action.low.tolist(), "high": action.high.tolist()}

    @property
    def test_key(self) -> dict[str, Any]:
        """What a test score depends on besides the policy: only scores of the same may be compared."""
        names = ("id", "kwargs", "max_steps", "solved", "test_episodes")
        return {"task": self.name} | {name: getattr(self, name) for name in names}

    @property
    def measure(self) -> str:
        """What a score is called."""
        return "return" if self.solved == 1 else "score"

    @property
    def threshold(self) -> float | None:
        """The mean return from which on Gymnasium's registry calls it solved, as a score; None if it does not say."""
        spec = gymnasium.registry.get(self.id.rpartition(":")[2])
        asked = spec.reward_threshold if spec is not None else None
        return None if asked is None else asked / self.solved

    # --- worlds --------------------------------------------------------------------------------------------------

    def training(self, root: int, block: int, episodes: int) -> World:
        """The world of a renewal block, the same for all individuals: `episodes` ways to begin."""
        return self._episodes("training", seeds(root, "resets", block, np.arange(episodes)))

    def selection(self) -> World:
        """The world in which the champion is chosen."""
        return self._episodes("selection", np.arange(self.selection_episodes))

    def test(self) -> World:
        """The world of the final score."""
        return self._episodes("test", np.arange(self.test_episodes))

    def enter(self, episode: int, former: gymnasium.Env | None) -> tuple[gymnasium.Env, int]:
        """The environment of an episode, and the seed to reset it with; `former` is one that is free again."""
        return former or self.make(), episode

    def make(self, **changes: Any) -> gymnasium.Env:
        """The environment of this task; `changes` are further arguments of `gymnasium.make`."""
        made = self._make(**changes)
        return made if self.observe_reward is None else WithReward(made, *self.observe_reward)

    def _make(self, **changes: Any) -> gymnasium.Env:
        made = gymnasium.make(self.id, max_episode_steps=self.max_steps, **{**self.kwargs, **changes})
        space = made.observation_space
        flat = isinstance(space, spaces.Box) and len(space.shape) == 1
        small = space.is_np_flattenable and spaces.flatdim(space) <= _MOST_FLAT
        return FlattenObservation(made) if small and not flat else made

    def score(self, total: float, info: dict[str, Any]) -> float:  # noqa: ARG002
        """The score of an episode with this return."""
        return total / self.solved

    def _episodes(self, family: str, numbers: np.ndarray) -> World:
        resets = own_seeds(family, numbers)
        compiled = COMPILED.get(self.id)
        if compiled is None or self.kwargs or self.observe_reward is not None:
            return World(None, resets)
        return World(compiled.build(resets, self.max_steps or compiled.horizon, self.solved), resets)


class WithReward(gymnasium.Wrapper):
    """An environment whose observations end in the last reward, within `low` and `high`; the first one's is 0."""

    def __init__(self, env: gymnasium.Env, low: float, high: float):
        super().__init__(env)
        assert isinstance(env.observation_space, spaces.Box)  # the task has checked it
        self._low, self._high = low, high
        least = np.append(env.observation_space.low, low).astype(np.float32)
        most = np.append(env.observation_space.high, high).astype(np.float32)
        self.observation_space = spaces.Box(least, most, dtype=np.float32)

    def reset(self, **arguments: Any) -> tuple[np.ndarray, dict[str, Any]]:
        """See gymnasium."""
        observation, info = self.env.reset(**arguments)
        return self._joined(observation, 0.0), info

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """See gymnasium."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        return self._joined(observation, float(reward)), float(reward), terminated, truncated, info

    def _joined(self, observation: np.ndarray, reward: float) -> np.ndarray:
        return np.append(observation, min(max(reward, self._low), self._high)).astype(np.float32)
