"""`stochastic`: any rule, with noise on every cell after each micro-step, or before it.

It is the first of the proposal's safeguards against thoughts that never halt; and a program that stands it is robust.
"""

from typing import Annotated, Any, Literal, NamedTuple

from annotated_types import Ge

from emergent.parts import inside, part
from emergent.rules.wrapping import wrapping
from emergent.verbs import border, disturb, express, levels, step


@wrapping
class Stochastic(NamedTuple):
    """A rule `of` any kind, and how much `noise`: see `disturb`. What is trained is the rule inside.

    Fields:
        first: whether the noise comes before the micro-step.
    """

    of: Any
    noise: float
    first: bool


@part("rule", "stochastic")
def stochastic(
    space: Any,
    of: str | dict[str, Any],
    noise: Annotated[float, Ge(0)] = 0.01,
    when: Literal["before", "after"] = "after",
) -> Stochastic:
    """A rule (`of`: its name, or its name and settings) with noise: a chance, or of real cells a standard deviation.

    It comes `after` each micro-step, or `before`, so that nobody sees a cell that the rule would not have left alive.

    Raises:
        ValueError: it holds a stochastic rule; noise that is no chance; or as the rule inside.
    """
    if levels(space) and noise > 1:
        raise ValueError(f"noise: expected a chance in 0..1 for cells that have states, got {noise}")
    return Stochastic(inside("rule", "stochastic", of, space=space), noise, when == "before")


@express.on(Stochastic)
def express_stochastic(rule, parameters):
    return Stochastic(express(rule.of, parameters), rule.noise, rule.first)


@step.on(Stochastic)
def step_stochastic(rule, space, states, out, rng):
    if rule.first:
        disturb(space, states, rule.noise, rng)
        border(space, states)  # it was filled with what was there before
    step(rule.of, space, states, out, rng)
    if not rule.first:
        disturb(space, out, rule.noise, rng)
