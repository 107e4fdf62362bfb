"""Black-box search behind one ask and tell: the methods by name, and their options for a config file or a command line.

A method is loaded when it is made, so importing this package imports none of the libraries that only one of them needs.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emergent.genome import Layout
from emergent.search.fitness import BadFitnessError, BadGenerations, sanitize
from emergent.search.optimizer import Optimizer

__all__ = ["OPTIMIZERS", "BadFitnessError", "BadGenerations", "Optimizer", "Option", "make", "options", "sanitize"]


def _bayesian() -> type[Optimizer]:
    from emergent.search.bayesian import BayesianSearch

    return BayesianSearch


def _cma_es() -> type[Optimizer]:
    from emergent.search.cma_es import CMAES

    return CMAES


def _genetic() -> type[Optimizer]:
    from emergent.search.genetic import GeneticAlgorithm

    return GeneticAlgorithm


def _hill_climber() -> type[Optimizer]:
    from emergent.search.hill_climber import HillClimber

    return HillClimber


def _random_search() -> type[Optimizer]:
    from emergent.search.random_search import RandomSearch

    return RandomSearch


OPTIMIZERS: dict[str, Callable[[], type[Optimizer]]] = {
    "bayesian": _bayesian,
    "cma_es": _cma_es,
    "genetic": _genetic,
    "hill_climber": _hill_climber,
    "random_search": _random_search,
}


@dataclass(frozen=True)
class Option:
    """One option of a search method.

    Args:
        annotation: its type and range, `Annotated` as in the constructor's signature, for pydantic and the like.
        default: what it is when not given.
        help: one sentence on what it does.
    """

    annotation: Any
    default: Any
    help: str


def options(name: str) -> dict[str, Option]:
    """The options of the method `name`, in the order of its constructor.

    Raises:
        ValueError: no such method; the message lists those there are.
    """
    found = {}
    for parameter in list(inspect.signature(_load(name)).parameters.values())[3:]:  # after layout, population, seed
        notes = [note for note in parameter.annotation.__metadata__ if isinstance(note, str)]
        found[parameter.name] = Option(parameter.annotation, parameter.default, notes[0])
    return found


def make(name: str, layout: Layout, population: int, seed: int, **given: Any) -> Optimizer:
    """A new optimizer of the method `name`.

    Args:
        layout: the genes.
        population: how many genomes a generation has.
        seed: the run's root seed, >= 0.
        given: options of the method, see `options`; each is checked against its type and range.

    Raises:
        ValueError: no such method or option, an option out of its range, or values that do not go together.
    """
    known = options(name)
    if unknown := sorted(set(given) - set(known)):
        raise ValueError(f"{name} has no option {', '.join(unknown)}; it has {', '.join(known) or 'none'}")
    method: Callable[..., Optimizer] = _load(name)
    return method(layout, population, seed, **_checked(name, known, given))


def _checked(name: str, known: dict[str, Option], given: dict[str, Any]) -> dict[str, Any]:
    """All options in their own types, or a ValueError that says which is wrong and why."""
    import pydantic  # not needed by those who only tell what options there are

    fields: dict[str, Any] = {key: (option.annotation, option.default) for key, option in known.items()}
    try:
        checked: dict[str, Any] = pydantic.create_model(name, **fields)(**given).model_dump()
        return checked
    except pydantic.ValidationError as error:
        wrong = [f"{problem['loc'][0]} = {problem['input']!r}: {problem['msg']}" for problem in error.errors()]
        raise ValueError(f"wrong options of {name}: " + "; ".join(wrong)) from None


def _load(name: str) -> type[Optimizer]:
    if name not in OPTIMIZERS:
        raise ValueError(f"there is no search method {name!r}; there are {', '.join(OPTIMIZERS)}")
    return OPTIMIZERS[name]()
