"""The plain path: episodes through gymnasium environments and `predict`, one control step after another.

It is how a task that is not compiled is evaluated, and how a compiled evaluation is verified: without action noise,
which is for training, both agree to the last bit.
"""

import numpy as np

from emergent.engine import Record
from emergent.policy import EmergentPolicy
from emergent.tasks import Driving, Environment, World


def live(
    task: Driving | Environment, world: World, policy: EmergentPolicy, seeds: np.ndarray, action_noise: float = 0.0
) -> Record:
    """Let `policy` live through every episode of `world`.

    Args:
        seeds: (episodes,) uint64 noise seeds.
        action_noise: standard deviation of normal noise on every output.

    Returns:
        Record of arrays (episodes,).
    """
    records = np.zeros((len(world.episodes), len(Record._fields)))
    for row, (environment, reset), seed in zip(records, task.environments(world), seeds, strict=True):
        observation, _ = environment.reset(seed=reset)
        kept = policy.start(seed)
        noise = np.random.Generator(np.random.Philox(key=int(seed)))
        over = False
        while not over:
            thought = policy.think(observation, kept)
            kept = thought.kept
            output = thought.output
            if action_noise:
                output = output + np.float32(action_noise) * noise.standard_normal(output.shape, np.float32)
            observation, reward, terminated, truncated, info = environment.step(policy.actions(output)[0])
            over = terminated or truncated
            row += np.array([reward, 0, 1, 0, thought.micro_steps[0], not thought.halted[0]])
        row[1], row[3] = task.score(row[0], info), task.failed(terminated, info)
    return Record(*np.moveaxis(records, -1, 0))
