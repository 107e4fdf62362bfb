"""Any gymnasium environment with Box observations and Box or Discrete actions, as a task.

It is lived through in Python, by processes; cart-pole as it comes is compiled: `envs.cart_pole`.
"""

import sys
from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, Self

import gymnasium
import numpy as np
from gymnasium import spaces
from pydantic import BaseModel, ConfigDict, Field, field_validator

from emergent.randomness import seeds
from emergent.tasks.world import Family, World, own_seeds
from envs import cart_pole


class Environment(BaseModel):
    """Act in a gymnasium environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    accidents: ClassVar[bool] = False  # an environment does not say whether an episode ended badly

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
    solved: Annotated[float, Field(gt=0)] = Field(1.0, description="the return that counts as a score of 1")
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
            made = self._make()
        except Exception as error:  # whatever its constructor raises
            raise ValueError(f"id: gymnasium cannot make {self.id!r}: {type(error).__name__}: {error}") from None
        observation, action = made.observation_space, made.action_space
        limited = self.max_steps or (made.spec and made.spec.max_episode_steps) or module == "envs"
        made.close()
        if not limited:
            raise ValueError(f"max_steps: {self.id} sets no limit to an episode itself; give one, such as 1000")
        if not isinstance(observation, spaces.Box) or len(observation.shape) != 1:
            raise ValueError(f"{self.id}: expected observations in a Box of one axis, got {observation}")
        if not isinstance(action, spaces.Discrete) and not (isinstance(action, spaces.Box) and len(action.shape) == 1):
            raise ValueError(f"{self.id}: expected actions in a Discrete space or a Box of one axis, got {action}")
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

    def resized(self, family: Family, episodes: int) -> Self:
        """The same task with so many episodes in this family.

        Raises:
            ValidationError: so many are none, or more than there are.
        """
        return type(self).model_validate(self.model_dump() | {f"{family}_episodes": episodes})

    @property
    def test_families(self) -> list[str]:
        """The family of each test episode: there are none."""
        return []

    def environments(self, world: World) -> Iterator[tuple[gymnasium.Env, int]]:
        """Each episode as an environment and the seed to reset it with."""
        made = self.make()
        try:
            for reset in world.episodes:
                yield made, reset
        finally:
            made.close()

    def make(self, **changes: Any) -> gymnasium.Env:
        """The environment of this task; `changes` are further arguments of `gymnasium.make`."""
        made = self._make(**changes)
        return made if self.observe_reward is None else WithReward(made, *self.observe_reward)

    def _make(self, **changes: Any) -> gymnasium.Env:
        return gymnasium.make(self.id, max_episode_steps=self.max_steps, **{**self.kwargs, **changes})

    def score(self, total: float, info: dict[str, Any]) -> float:  # noqa: ARG002
        """The score of an episode with this return."""
        return total / self.solved

    def failed(self, terminated: bool, info: dict[str, Any]) -> bool:  # noqa: ARG002
        """Whether an episode ended badly; an environment does not say, so none did."""
        return False

    def _episodes(self, family: str, numbers: np.ndarray) -> World:
        resets = own_seeds(family, numbers)
        if (self.id, self.kwargs, self.observe_reward) != (cart_pole.ID, {}, None):
            return World(None, resets)
        return World(cart_pole.build(resets, self.max_steps or cart_pole.HORIZON, self.solved), resets)


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
