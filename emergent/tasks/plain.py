"""The plain path: episodes through gymnasium environments and `predict`, one control step after another.

It is how a task that is not compiled is evaluated, and how a compiled evaluation is verified: without action noise,
which is for training, both agree to the last bit.
"""

from typing import Any, NamedTuple

import gymnasium
import numpy as np

from emergent.engine import Record
from emergent.policy import EmergentPolicy
from emergent.tasks import AnyTask, World


def live(task: AnyTask, world: World, policy: EmergentPolicy, seeds: np.ndarray, action_noise: float = 0.0) -> Record:
    """Let `policy` live through every episode of `world`.

    Args:
        seeds: (episodes,) uint64 noise seeds.
        action_noise: standard deviation of normal noise on every output.

    Returns:
        Record of arrays (episodes,).
    """
    records = np.zeros((len(world.episodes), len(Record._fields)))
    for row, (environment, reset), seed in zip(records, task.environments(world), seeds, strict=True):
        episode = live_once(environment, reset, policy, seed, action_noise)
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
    observation, _ = environment.reset(seed=reset)
    kept = policy.start(seed)
    noise = np.random.Generator(np.random.Philox(key=int(seed)))
    total, length, micro_steps, unhalted, over = 0.0, 0, 0, 0, False
    while not over:
        thought = policy.think(observation, kept)
        kept = thought.kept
        output = thought.output
        if action_noise:
            output = output + np.float32(action_noise) * noise.standard_normal(output.shape, np.float32)
        observation, reward, terminated, truncated, info = environment.step(policy.actions(output)[0])
        over = terminated or truncated
        total, length = total + float(reward), length + 1
        micro_steps, unhalted = micro_steps + int(thought.micro_steps[0]), unhalted + (not thought.halted[0])
    return Episode(total, length, micro_steps, unhalted, terminated, info)
