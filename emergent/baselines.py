"""Baselines: policies without an automaton, trained by the same search, beside which every claim stands.

A baseline is one flat record that answers the words of a policy. Between control steps it remembers nothing but its
random streams.
"""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import numpy as np
from annotated_types import Ge, Gt, Le

from emergent.encoders import scaling
from emergent.genome import Genes
from emergent.parts import part
from emergent.randomness import uniform
from emergent.rules.activations import Tanh, squash
from emergent.sharing import lanes, own
from emergent.verb import LEAN, kernel
from emergent.verbs import LANES, act, arity, express, forget, genes, lanewise, memory, parameters

Spread = Annotated[float, Gt(0)]
_MOST_LANEWISE = 4096  # weights: those of sixteen lanes still fit the second level of a cache
f32 = np.float32


class Linear(NamedTuple):
    """outputs = weights · (scaled observation, 1).

    Fields:
        weights: (outputs * (inputs + 1),) float32, output by output; with LANES columns, each lane's own.
        low, scale: (inputs,) float32: an input x counts as (x - low) * scale, as in an encoder.
        outputs: how many; spread: standard deviation of the weights in a first population.
    """

    weights: np.ndarray
    low: np.ndarray
    scale: np.ndarray
    outputs: int
    spread: float


class MLP(NamedTuple):
    """One hidden layer of tanh units between two linear maps.

    Fields: as Linear; weights: (hidden * (inputs + 1) + outputs * (hidden + 1),) float32, unit by unit, then output by
        output; hidden: how many units.
    """

    weights: np.ndarray
    low: np.ndarray
    scale: np.ndarray
    hidden: int
    outputs: int
    spread: float


class RandomActions(NamedTuple):
    """Every output uniform in [-1, 1), anew at every control step."""

    outputs: int


class Streams(NamedTuple):
    """The memory of a baseline.

    Fields:
        rng: (LANES,) uint64.
        inputs: (inputs, LANES) float32, scaled; hidden: (units + 1, LANES) float32, a layer and room for a sum.
    """

    rng: np.ndarray
    inputs: np.ndarray
    hidden: np.ndarray


@part("baseline", "linear")
def linear(low: Sequence[float], high: Sequence[float], outputs: int, spread: Spread = 1.0) -> Linear:
    """A linear map of the observation and a constant."""
    lower, scale = scaling(low, high)
    return Linear(np.zeros(outputs * (len(lower) + 1), f32), lower, scale, outputs, spread)


@part("baseline", "mlp")
def mlp(
    low: Sequence[float],
    high: Sequence[float],
    outputs: int,
    hidden: Annotated[int, Ge(1), Le(4096)] = 16,
    spread: Spread = 1.0,
) -> MLP:
    """A neural network with one hidden layer of tanh units."""
    lower, scale = scaling(low, high)
    size = hidden * (len(lower) + 1) + outputs * (hidden + 1)
    return MLP(np.zeros(size, f32), lower, scale, hidden, outputs, spread)


@part("baseline", "random_actions")
def random_actions(outputs: int) -> RandomActions:
    """Random actions: what a score is worth that nobody aimed at."""
    return RandomActions(outputs)


@arity.on(Linear)
@arity.on(MLP)
def arity_weights(policy):
    return len(policy.low), policy.outputs


@arity.on(RandomActions)
def arity_random(policy):
    return None, policy.outputs


@parameters.on(Linear)
@parameters.on(MLP)
def parameters_weights(policy):
    return policy.weights


@genes.on(Linear)
@genes.on(MLP)
def genes_weights(policy):
    return (Genes("weights", "parameters", np.arange(len(policy.weights)), spread=policy.spread),)


@lanewise.on(Linear)
@lanewise.on(MLP)
def lanewise_weights(policy):
    return len(policy.weights) <= _MOST_LANEWISE


@express.on(Linear)
def express_linear(policy, parameters):
    return Linear(parameters, policy.low, policy.scale, policy.outputs, policy.spread)


@express.on(MLP)
def express_mlp(policy, parameters):
    return MLP(parameters, policy.low, policy.scale, policy.hidden, policy.outputs, policy.spread)


@memory.on(Linear)
@memory.on(RandomActions)
def memory_streams(policy):
    room = np.zeros((0, LANES), f32)
    return Streams(np.zeros(LANES, np.uint64), room, room)


@memory.on(MLP)
def memory_mlp(policy):
    inputs, hidden = np.zeros((len(policy.low), LANES), f32), np.zeros((policy.hidden + 1, LANES), f32)
    return Streams(np.zeros(LANES, np.uint64), inputs, hidden)


@forget.default
def forget_streams(policy, memory, lane, initial_state, seed):
    memory.rng[lane] = seed


@act.on(Linear)
def act_linear(policy, memory, observations, active, outputs, costs, film):
    for lane in range(LANES):
        if active[lane]:
            for j in range(policy.outputs):
                outputs[lane, j] = _unit(policy, j * (len(policy.low) + 1), observations[lane], lane)
    return memory


@act.on(MLP)
def act_mlp(policy, memory, observations, active, outputs, costs, film):
    inputs, hidden, units = memory.inputs, memory.hidden, policy.hidden
    for i in range(len(inputs)):
        for lane in range(lanes(inputs)):
            inputs[i, lane] = (observations[lane, i] - policy.low[i]) * policy.scale[i]
    for unit in range(units):
        _sum(policy.weights, unit * (len(inputs) + 1), inputs, len(inputs), hidden[unit])
        for lane in range(lanes(hidden)):
            hidden[unit, lane] = squash(Tanh(), hidden[unit, lane])
    for j in range(policy.outputs):
        _sum(policy.weights, units * (len(inputs) + 1) + j * (units + 1), hidden, units, hidden[units])
        for lane in range(LANES):
            if active[lane]:
                outputs[lane, j] = hidden[units, lane]
    return memory


@kernel(distinct=True, **LEAN)
def _sum(weights, first, values, count, total):
    """Weighted sums of the first `count` rows of `values`, lane by lane; the last weight is a constant's."""
    fours = count - count % 4  # at once: a sum in a register need not be stored and read for each
    for lane in range(lanes(values)):
        total[lane] = own(weights, first + count, lane)
    for i in range(0, fours, 4):
        for lane in range(lanes(values)):
            so_far = total[lane] + own(weights, first + i, lane) * values[i, lane]
            so_far += own(weights, first + i + 1, lane) * values[i + 1, lane]
            so_far += own(weights, first + i + 2, lane) * values[i + 2, lane]
            total[lane] = so_far + own(weights, first + i + 3, lane) * values[i + 3, lane]
    for i in range(fours, count):
        for lane in range(lanes(values)):
            total[lane] += own(weights, first + i, lane) * values[i, lane]


@kernel
def _unit(policy, first, observation, lane):
    """A weighted sum of the scaled observation; its weights begin at `first`, the constant's is the last of them."""
    inputs = len(policy.low)
    total = own(policy.weights, first + inputs, lane)
    for i in range(inputs):
        total += own(policy.weights, first + i, lane) * ((observation[i] - policy.low[i]) * policy.scale[i])
    return total


@act.on(RandomActions)
def act_random(policy, memory, observations, active, outputs, costs, film):
    for lane in range(LANES):
        if active[lane]:
            for j in range(policy.outputs):
                outputs[lane, j] = 2.0 * uniform(memory.rng, lane) - 1.0
    return memory
