"""The plain path: episodes through gymnasium environments, a policy's thoughts between their steps.

It is how a task that is not compiled is evaluated, and how a compiled evaluation is verified: without action noise,
which is for training, both agree to the last bit. A policy thinks about many episodes at once, as many as a block has
lanes, for one thought costs as much as all of them; each episode is the same as if it were alone.
"""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple

import gymnasium
import numpy as np

from emergent.engine import Record
from emergent.inference import Kept, respond
from emergent.policy import EmergentPolicy
from emergent.tasks import Acting, World
from emergent.verbs import LANES

Enter = Callable[[int, gymnasium.Env | None], tuple[gymnasium.Env, int]]  # of an episode, as `Environment.enter`


def live(task: Acting, world: World, policy: EmergentPolicy, seeds: np.ndarray, action_noise: float = 0.0) -> Record:
    """Let `policy` live through every episode of `world`.

    Args:
        seeds: (episodes,) uint64 noise seeds.
        action_noise: standard deviation of normal noise on every output.

    Returns:
        Record of arrays (episodes,).
    """
    records = np.zeros((len(world.episodes), len(Record._fields)))
    with ExitStack() as opened:

        def enter(number: int, former: gymnasium.Env | None) -> tuple[gymnasium.Env, int]:
            environment, reset = task.enter(world.episodes[number], former)
            if environment is not former:
                opened.callback(environment.close)
            return environment, reset

        lived = _lived(enter, policy, seeds, action_noise)
    for row, episode in zip(records, lived, strict=True):
        row[:] = episode.reward, 0, episode.length, 0, episode.micro_steps, episode.unhalted
        row[1], row[3] = task.score(row[0], episode.info), task.failed(episode.terminated, episode.info)
    return Record(*np.moveaxis(records, -1, 0))


class Episode(NamedTuple):
    """One episode: sums over its control steps, and how it ended."""

    reward: float
    length: int
    micro_steps: int
    unhalted: int
    terminated: bool
    info: dict[str, Any]


def live_once(
    environment: gymnasium.Env, reset: int, policy: EmergentPolicy, seed: np.ndarray, action_noise: float = 0.0
) -> Episode:
    """Let `policy` live through one episode of `environment`; `reset` and `seed` are its reset and its noise seed."""
    (episode,) = _lived(lambda *_: (environment, reset), policy, np.atleast_1d(seed), action_noise)
    return episode


def _lived(enter: Enter, policy: EmergentPolicy, seeds: np.ndarray, action_noise: float) -> list[Episode]:
    """Live through an episode for each noise seed."""
    block = _Block(enter, policy, seeds, action_noise)
    while block.lives:
        block.step()
    return [block.ended[i] for i in range(len(seeds))]


class _Life:
    """An episode in progress: which it is, where, and what it has earned."""

    def __init__(self, number: int, environment: gymnasium.Env, seed: int):
        self.number, self.environment, self.reward = number, environment, 0.0
        self.noise = np.random.Generator(np.random.Philox(key=seed))


class _Block:
    """Episodes side by side, a row each; one that ends makes room for the next.

    Attributes:
        lives: the episodes in progress. ended: those that are over, by their numbers.
    """

    def __init__(self, enter: Enter, policy: EmergentPolicy, seeds: np.ndarray, action_noise: float):
        self.lives: list[_Life] = []
        self.ended: dict[int, Episode] = {}
        self._enter, self._policy, self._seeds, self._noise = enter, policy, seeds, np.float32(action_noise)
        self._upcoming = min(LANES, len(seeds))
        inputs, rows = len(policy.model.blueprint.low), self._upcoming
        self._observations = np.zeros((rows, inputs), np.float32)
        self._kept = policy.start(seeds[:rows])
        self._totals = np.zeros((rows, 3), np.int64)  # control steps, and both costs of thoughts
        for row in range(rows):
            self._begin(row, row, None)

    def _begin(self, row: int, number: int, former: gymnasium.Env | None) -> None:
        """Begin the episode of this number in this row; its state and its totals are at their beginnings already."""
        environment, reset = self._enter(number, former)
        life = _Life(number, environment, int(self._seeds[number]))
        self.lives[row : row + 1] = [life]
        observation, _ = environment.reset(seed=reset)
        if np.shape(observation) != self._observations.shape[1:]:  # else it would be spread over all inputs
            expected = self._observations.shape[1]
            raise ValueError(f"expected observations of shape ({expected},), got {np.shape(observation)}")
        self._observations[row] = observation

    def step(self) -> None:
        """A control step of every episode."""
        policy = self._policy
        outputs, costs = respond(policy.record, self._observations, self._kept, policy.outputs)
        if self._noise:
            for output, life in zip(outputs, self.lives, strict=True):
                output += self._noise * life.noise.standard_normal(output.shape, np.float32)
        self._totals[:, 0] += 1
        self._totals[:, 1:] += costs
        over = []
        for row, (life, action) in enumerate(zip(self.lives, policy.actions(outputs), strict=True)):
            observation, reward, terminated, truncated, info = life.environment.step(action)
            life.reward += float(reward)
            self._observations[row] = observation
            if terminated or truncated:
                length, micro_steps, unhalted = map(int, self._totals[row])
                self.ended[life.number] = Episode(life.reward, length, micro_steps, unhalted, terminated, info)
                over.append(row)
        if over:
            self._renew(over)

    def _renew(self, over: list[int]) -> None:
        """Let the next episodes take the place of those that are over; without a next one the row goes."""
        gone = []
        for row in over:
            if self._upcoming < len(self._seeds):
                fresh = self._policy.start(self._seeds[self._upcoming])
                for kept, new in zip(self._kept, fresh, strict=True):
                    kept[row] = new[0]
                self._totals[row] = 0
                self._begin(row, self._upcoming, self.lives[row].environment)
                self._upcoming += 1
            else:
                gone.append(row)
        if gone:
            for row in reversed(gone):
                del self.lives[row]
            self._kept = Kept(*(np.delete(kept, gone, axis=0) for kept in self._kept))
            self._observations = np.delete(self._observations, gone, axis=0)
            self._totals = np.delete(self._totals, gone, axis=0)
