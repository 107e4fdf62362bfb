"""What the compiled environments of Gymnasium's classic control share.

Constants and the order and precision of the operations are Gymnasium's: the same actions give the same states, rewards
and endings, to the last bit where its mathematical library is the same.
"""

from collections.abc import Sequence

import gymnasium
import numpy as np

from emergent.verb import kernel


def starts(env_id: str, resets: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """The states (n, numbers) float64 and first observations (n, inputs) float32 after resets with these seeds."""
    environment = gymnasium.make(env_id).unwrapped
    states, seen = [], []
    for seed in resets:
        seen.append(environment.reset(seed=seed)[0])
        states.append(np.array(environment.state, np.float64))  # type: ignore[attr-defined]  # classic ones have it
    return np.array(states), np.array(seen, np.float32)


@kernel
def largest(outputs):
    """Which of the outputs is the largest, the first of equals: the action in a Discrete space."""
    best = 0
    for i in range(1, len(outputs)):
        if outputs[i] > outputs[best]:
            best = i
    return best


@kernel
def within(x, most):
    """`x` limited to [-most, most], in the precision of both."""
    return min(max(x, -most), most)
