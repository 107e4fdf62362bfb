"""What the tasks have in common, as sections of a configuration; each says the rest itself."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, Self

import gymnasium
from pydantic import BaseModel, ConfigDict

from emergent.tasks.world import Family, World


class BaseTask(BaseModel):
    """A task whose episodes are counted, of no families, and cannot end badly."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    accidents: ClassVar[bool] = False  # whether an episode may end in one

    @property
    def measure(self) -> str:
        """What a score is called."""
        return "score"

    @property
    def threshold(self) -> float | None:
        """The mean score from which on it counts as solved, if there is one."""
        return None

    @property
    def test_families(self) -> list[str]:
        """The family of each test episode, if they have any."""
        return []

    def resized(self, family: Family, episodes: int) -> Self:
        """The same task with so many episodes in this family.

        Raises:
            ValueError: so many are none, or more than there are.
        """
        return type(self).model_validate(self.model_dump() | {f"{family}_episodes": episodes})


class ActingTask(BaseTask, ABC):
    """A task in which a policy acts, in environments of gymnasium."""

    @abstractmethod
    def enter(self, episode: int, former: gymnasium.Env | None) -> tuple[gymnasium.Env, int]:
        """The environment of an episode, and the seed to reset it with; `former` is one that is free again."""

    def environments(self, world: World) -> Iterator[tuple[gymnasium.Env, int]]:
        """Each episode of a world as an environment, free again when the next is asked for, and its reset's seed."""
        made: gymnasium.Env | None = None
        try:
            for episode in world.episodes:
                former, (made, reset) = made, self.enter(episode, made)
                if former is not None and made is not former:
                    former.close()
                yield made, reset
        finally:
            if made is not None:
                made.close()

    def failed(self, terminated: bool, info: dict[str, Any]) -> bool:  # noqa: ARG002
        """Whether an episode ended badly, which it cannot unless the task says so."""
        return False
