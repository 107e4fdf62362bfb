"""Inference in Python: φ and φ' of a model, for one input or a batch, and the state that goes from one to the next."""

from typing import Any, NamedTuple

import numpy as np

from emergent import engine  # noqa: F401 - it gives a model the words of a policy
from emergent.model import Model
from emergent.verb import kernel
from emergent.verbs import (
    COSTS,
    LANES,
    act,
    arity,
    blank,
    express,
    forget,
    lanewise,
    levels,
    memory,
    parameters,
    recall,
    remember,
    storage,
)


class Kept(NamedTuple):
    """What a batch of policies keeps between control steps, a row each.

    Fields:
        cells: (n, cells) the state, bare cells in reading order; (n, 0) for baselines. streams: (n,) uint64.
    """

    cells: np.ndarray
    streams: np.ndarray


class Thought(NamedTuple):
    """φ'(S0, x): what came of a batch of inputs.

    Fields:
        output: (n, outputs) float32; zeros where the automaton did not halt.
        kept: the halted states, to go on from.
        micro_steps: (n,) int64 taken; halted: (n,) bool.
        film: (micro_steps + 1, cells) the states of the first input, micro-step by micro-step, if it was asked for.
    """

    output: np.ndarray
    kept: Kept
    micro_steps: np.ndarray
    halted: np.ndarray
    film: np.ndarray


def start(policy: Any, seeds: np.ndarray) -> Kept:
    """The beginning of one episode for each noise seed (n,): the initial state, and a random stream of its own."""
    seeds = np.atleast_1d(np.asarray(seeds, np.uint64))
    if isinstance(policy, Model):
        return Kept(np.tile(policy.initial_state, (len(seeds), 1)), seeds.copy())
    return Kept(np.zeros((len(seeds), 0), np.float32), seeds.copy())


def phi_prime(policy: Any, x: np.ndarray, kept: Kept | None = None, film: bool = False) -> Thought:
    """φ'(S0, x) -> (y, S_T): think about each row of a batch.

    Args:
        policy: a Model or a baseline.
        x: (n, inputs) or (inputs,) observations.
        kept: where each row goes on from (a model that resets begins at its initial state all the same); None: `start`.
        film: whether to record the first row's states.

    Raises:
        ValueError: a row has the wrong number of inputs, or one that is no finite number; or `kept` does not fit.
    """
    inputs, outputs = arity(policy)
    x = np.atleast_2d(np.asarray(x, np.float32))
    if x.ndim != 2 or (inputs is not None and x.shape[1] != inputs):
        raise ValueError(f"expected inputs of shape (n, {inputs}) or ({inputs},), got {x.shape}")
    if not np.isfinite(x).all():
        row = int((~np.isfinite(x)).any(axis=1).argmax())
        raise ValueError(f"expected finite numbers as input, got {x[row].tolist()} in row {row}")
    kept = start(policy, np.zeros(len(x), np.uint64)) if kept is None else Kept(kept.cells.copy(), kept.streams.copy())
    _check_kept(policy, kept, start(policy, np.zeros(len(x))))
    output = np.zeros((len(x), outputs), np.float32)
    costs = np.zeros((len(x), COSTS), np.int64)
    film = film and isinstance(policy, Model)
    shape = (policy.halting.max_steps + 1, len(blank(policy.space))) if film else (0, 0)
    frames = np.zeros(shape, kept.cells.dtype)
    initial_state = policy.initial_state if isinstance(policy, Model) else np.zeros(0, np.float32)
    _respond(_spread(policy), initial_state, np.ascontiguousarray(x), kept.cells, kept.streams, output, costs, frames)
    halted = costs[:, 1] == 0
    if film:
        frames = frames[: costs[0, 0] + 1, storage(policy.space).ravel()]
    return Thought(output, kept, costs[:, 0], halted, frames)


def _check_kept(policy: Any, kept: Kept, expected: Kept) -> None:
    """Compiled code trusts what is kept: it must be of the kind that `expected` is."""
    for name, came, wanted in zip(Kept._fields, kept, expected, strict=True):
        if came.shape != wanted.shape or came.dtype != wanted.dtype:
            raise ValueError(
                f"expected kept {name} of shape {wanted.shape}, a row for each input, and type {wanted.dtype}, "
                f"got {came.shape} and {came.dtype}"
            )
    states = levels(policy.space) if isinstance(policy, Model) else 0
    if states and kept.cells.max(initial=0) >= states:
        raise ValueError(f"expected kept cells in 0..{states - 1}, got {kept.cells.max()}")


def phi(policy: Any, x: np.ndarray) -> np.ndarray:
    """φ(S0, x): the outputs (n, outputs) for a batch of inputs (n, inputs), or (outputs,) for one input (inputs,)."""
    thought = phi_prime(policy, x)
    return thought.output if np.ndim(x) == 2 else thought.output[0]


def _spread(policy: Any) -> Any:
    """The policy as an evaluation has it, so that nothing is compiled twice."""
    if not lanewise(policy):
        return policy
    own = parameters(policy.rule if isinstance(policy, Model) else policy)
    return express(policy, np.repeat(own[:, None], LANES, axis=1))


@kernel
def _respond(policy, initial_state, observations, cells, streams, outputs, costs, film):
    """One control step for each row of a batch, LANES rows at a time; everything but observations is written to."""
    rows = len(observations)
    block_outputs = np.zeros((LANES, outputs.shape[1]), np.float32)
    block_costs = np.zeros((LANES, COSTS), np.int64)
    block_observations = np.zeros((LANES, observations.shape[1]), np.float32)
    active = np.zeros(LANES, np.bool_)
    kept = memory(policy)
    for first in range(0, rows, LANES):
        for lane in range(LANES):
            row = first + lane
            active[lane] = row < rows
            if active[lane]:
                forget(policy, kept, lane, initial_state, streams[row])
                recall(policy, kept, lane, cells[row])
                for i in range(observations.shape[1]):
                    block_observations[lane, i] = observations[row, i]
        kept = act(
            policy, kept, block_observations, active, block_outputs, block_costs, film[: film.shape[0] * (first == 0)]
        )
        for lane in range(LANES):
            row = first + lane
            if row < rows:
                remember(policy, kept, lane, cells[row])
                streams[row] = kept.rng[lane]
                for j in range(outputs.shape[1]):
                    outputs[row, j] = block_outputs[lane, j]
                for j in range(COSTS):
                    costs[row, j] = block_costs[lane, j]
