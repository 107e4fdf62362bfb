"""The same work in JAX, as its users would write it: shifted adds or a library's environment, `jit`, `vmap`, `scan`.

Installed by the extra `peers`; without it the suite compares with what was recorded on a machine of two Zen 4 cores
with AVX-512. XLA uses all cores by itself.
"""

import importlib.util
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.rows import best

# on two cores, all of them
RECORDED = {"convolution": 2.30e6, "life": 7.36e6, "cart_pole": 9.26e6}


def compare(name: str, measure: Callable[[], float]) -> tuple[float, str]:
    """The speed of JAX, and whose it is: measured now if it is installed."""
    if importlib.util.find_spec("jax") is None or importlib.util.find_spec("gymnax") is None:
        return RECORDED[name], "JAX, recorded"
    return measure(), "JAX"


def convolution(grids: int, size: int, steps: int) -> float:
    """Grid steps a second of a 3x3 kernel and tanh, float32, zero boundary."""
    import jax
    import jax.numpy as jnp

    weights = np.random.default_rng(0).uniform(-0.3, 0.3, (3, 3)).astype(np.float32)

    def step(_: int, grid: Any) -> Any:
        wide = jnp.pad(grid, 1)
        total = sum(weights[i, j] * wide[i : i + size, j : j + size] for i in range(3) for j in range(3))
        return jnp.tanh(total)

    run = jax.jit(jax.vmap(lambda grid: jax.lax.fori_loop(0, steps, step, grid)))
    start = np.random.default_rng(1).standard_normal((grids, size, size)).astype(np.float32)
    return grids * steps / best(lambda: run(start).block_until_ready())


def life(boards: int, size: int, steps: int) -> float:
    """Grid steps a second of Conway's Life, int8, zero boundary."""
    import jax
    import jax.numpy as jnp

    def step(_: int, board: Any) -> Any:
        wide = jnp.pad(board, 1)
        count = sum(wide[i : i + size, j : j + size] for i in range(3) for j in range(3)) - board
        return ((count == 3) | ((count == 2) & (board == 1))).astype(jnp.int8)

    run = jax.jit(jax.vmap(lambda board: jax.lax.fori_loop(0, steps, step, board)))
    start = (np.random.default_rng(1).random((boards, size, size)) < 0.4).astype(np.int8)
    return boards * steps / best(lambda: run(start).block_until_ready())


def cart_pole(weights: np.ndarray, inputs: int, hidden: int, episodes: int, steps: int) -> tuple[float, float]:
    """Environment steps a second of gymnax's CartPole under an MLP of tanh units; and the mean length of an episode.

    Every step up to the limit is computed; those after an episode's end, which begin another, are not counted.

    Args:
        weights: (individuals, hidden * (inputs + 1) + 2 * (hidden + 1)) float32, as `emergent.baselines.MLP` has them.
    """
    import gymnax
    import jax
    import jax.numpy as jnp

    environment, settings = gymnax.make("CartPole-v1")
    settings = settings.replace(max_steps_in_episode=steps)

    def act(own: Any, observation: Any) -> Any:
        first = own[: hidden * (inputs + 1)].reshape(hidden, inputs + 1)
        second = own[hidden * (inputs + 1) :].reshape(2, hidden + 1)
        units = jnp.tanh(first[:, :-1] @ observation + first[:, -1])
        return jnp.argmax(second[:, :-1] @ units + second[:, -1])

    def live(own: Any, key: Any) -> Any:
        def step(carry: Any, key: Any) -> Any:
            observation, state, alive = carry
            action = act(own, observation)
            observation, state, reward, terminated, truncated, _ = environment.step(key, state, action, settings)
            return (observation, state, alive * (1 - jnp.logical_or(terminated, truncated))), reward * alive

        observation, state = environment.reset(key, settings)
        _, rewards = jax.lax.scan(step, (observation, state, 1.0), jax.random.split(key, steps))
        return rewards.sum()

    run = jax.jit(jax.vmap(jax.vmap(live, (None, 0)), (0, None)))
    keys = jax.random.split(jax.random.key(0), episodes)
    lived = float(run(weights, keys).sum())
    spent = best(partial(_wait, run, weights, keys))
    return lived / spent, lived / (len(weights) * episodes)


def _wait(run: Callable[..., Any], *arguments: Any) -> None:
    run(*arguments).block_until_ready()
