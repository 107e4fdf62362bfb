"""How many steps a second the compiled cart-pole makes under an MLP of 4-16-2, on all cores, beside JAX.

    python -m benchmarks.cart_pole

256 individuals live through 4 episodes each. All of them balance the pole: one unit of the hidden layer sees how it
falls, and all weights are a little disturbed. So every step that is counted is one that somebody lives.
"""

import numpy as np

from benchmarks import peers
from benchmarks.rows import REPETITIONS, Row, best, show
from emergent import engine
from emergent.model import BaselineBlueprint
from envs import cart_pole

BOUNDS = np.array([[-2.4, 2.4], [-3.0, 3.0], [-0.21, 0.21], [-3.0, 3.0]])
POPULATION, EPISODES, HIDDEN = 256, 4, 16
FALL = np.array([0.1, 0.3, 5.0, 1.0])  # push to the right where the product with the state is positive


def measure():
    """The row."""
    plan = BaselineBlueprint({"name": "mlp", "hidden": HIDDEN}, BOUNDS[:, 0], BOUNDS[:, 1], 2)
    weights = genomes()
    states, parameters = plan.layout.grow(weights)
    task = cart_pole.build(range(EPISODES), cart_pole.HORIZON, float(cart_pole.HORIZON))
    seeds = np.zeros((POPULATION, EPISODES), np.uint64)

    def evaluate() -> engine.Record:
        return engine.evaluate(plan.template, states, parameters, task, seeds)

    lived = evaluate().length
    reference, source = peers.compare("cart_pole", lambda: jax(weights))
    name = f"CartPole, MLP 4-{HIDDEN}-2, {POPULATION} x {EPISODES} episodes of {lived.mean():.0f} steps"
    yield Row(name, "steps/s", lived.sum() / best(evaluate, 5 * REPETITIONS), reference, source)


def jax(weights: np.ndarray) -> float:
    """JAX's steps a second under the same networks, which there see the state as it is."""
    own = weights.astype(np.float32).copy()
    first = own[:, : HIDDEN * 5].reshape(POPULATION, HIDDEN, 5)  # a view
    low, width = BOUNDS[:, 0], BOUNDS[:, 1] - BOUNDS[:, 0]
    first[..., :4] /= width
    first[..., 4] -= first[..., :4] @ low.astype(np.float32)
    speed, length = peers.cart_pole(own, 4, HIDDEN, EPISODES, cart_pole.HORIZON)
    assert length > 0.99 * cart_pole.HORIZON, f"JAX's episodes end after {length:.0f} steps: not the same work"
    return speed


def genomes() -> np.ndarray:
    """Weights (individuals, genes) that balance the pole."""
    found = 0.01 * np.random.default_rng(0).standard_normal((POPULATION, HIDDEN * 5 + 2 * (HIDDEN + 1)))
    width = BOUNDS[:, 1] - BOUNDS[:, 0]  # inputs are scaled to 0..1
    found[:, :4] += FALL * width
    found[:, 4] += FALL @ BOUNDS[:, 0]
    found[:, HIDDEN * 5 + HIDDEN + 1] += 1.0  # that unit is the second action
    return found


if __name__ == "__main__":
    show(measure())
