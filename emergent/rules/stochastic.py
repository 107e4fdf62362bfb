"""`stochastic`: any rule, followed by noise on every cell after each micro-step.

It is the first of the proposal's safeguards against thoughts that never halt; and a program that stands it is robust.
"""

from typing import Annotated, Any, NamedTuple

from annotated_types import Ge

from emergent.parts import inside, part
from emergent.verbs import disturb, express, genes, lanewise, levels, parameters, reach, step


class Stochastic(NamedTuple):
    """A rule `of` any kind, and how much `noise`: see `disturb`. What is trained is the rule inside."""

    of: Any
    noise: float


@part("rule", "stochastic")
def stochastic(space: Any, of: str | dict[str, Any], noise: Annotated[float, Ge(0)] = 0.01) -> Stochastic:
    """A rule (`of`: its name, or its name and settings) with noise: a chance, or of real cells a standard deviation.

    Raises:
        ValueError: it holds a stochastic rule; noise that is no chance; or as the rule inside.
    """
    if levels(space) and noise > 1:
        raise ValueError(f"noise: expected a chance in 0..1 for cells that have states, got {noise}")
    return Stochastic(inside("rule", "stochastic", of, space=space), noise)


@reach.on(Stochastic)
def reach_stochastic(rule):
    return reach(rule.of)


@parameters.on(Stochastic)
def parameters_stochastic(rule):
    return parameters(rule.of)


@genes.on(Stochastic)
def genes_stochastic(rule):
    return genes(rule.of)


@lanewise.on(Stochastic)
def lanewise_stochastic(rule):
    return lanewise(rule.of)


@express.on(Stochastic)
def express_stochastic(rule, parameters):
    return Stochastic(express(rule.of, parameters), rule.noise)


@step.on(Stochastic)
def step_stochastic(rule, space, states, out, rng):
    step(rule.of, space, states, out, rng)
    disturb(space, out, rule.noise, rng)
