"""The contract of every search method: ask for genomes, tell their fitness; fitness is maximised.

One generation is one `ask` and one `tell`. Rows of the asked genomes are the individuals, numbered by row; fitness
comes back in the same order. What a method does is a pure function of (layout, population, seed, options) and the
fitness it was told, so a run can be repeated; and its whole state can be taken out between a `tell` and the next `ask`
as plain numbers and arrays, so a run can be continued bit for bit. No generator is global.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from emergent.genome import Layout


class Optimizer(ABC):
    """A search method. Subclasses say how genomes are proposed and what is learnt from their fitness.

    Args:
        layout: which genes there are, their kinds and their ranges.
        population: how many genomes each `ask` gives, >= `smallest_population`.
        seed: the run's root seed, an integer >= 0; 0 is a seed like any other.
        options: those of the method, already checked one by one; they must be the same when a state is restored.

    Raises:
        ValueError: a population too small or a negative seed.
    """

    name: ClassVar[str]
    smallest_population: ClassVar[int] = 2

    def __init__(self, layout: Layout, population: int, seed: int, options: Mapping[str, Any]):
        if population < self.smallest_population:
            raise ValueError(f"{self.name} needs a population of at least {self.smallest_population}, got {population}")
        if seed < 0:
            raise ValueError(f"expected a seed >= 0, got {seed}")
        self.layout = layout
        self.population = population
        self.seed = seed
        self.options = dict(options)
        self.generation = 0  # how many were told
        self._asked: np.ndarray | None = None

    # --- one generation ----------------------------------------------------------------------------------------------

    def ask(self) -> np.ndarray:
        """The genomes to try next, (population, genes) float64; the array is the caller's own.

        Raises:
            RuntimeError: the genomes asked before have not been told.
        """
        if self._asked is not None:
            raise RuntimeError(f"{self.name} was asked twice: tell the fitness of generation {self.generation} first")
        self._asked = self._propose()
        return self._asked.copy()

    def tell(self, fitness: np.ndarray) -> None:
        """Learn from the fitness of the asked genomes; larger is better.

        Args:
            fitness: (population,) finite numbers, in the order of the asked rows; `sanitize` makes any scores so.

        Raises:
            RuntimeError: nothing was asked.
            ValueError: the wrong shape, or not finite; the generation then still waits for its fitness.
        """
        if self._asked is None:
            raise RuntimeError(f"{self.name} was told a fitness without being asked: call ask() first")
        fitness = np.array(fitness, np.float64)  # a copy: methods may keep it
        if fitness.shape != (self.population,):
            raise ValueError(f"expected fitness of shape ({self.population},), got {fitness.shape}")
        if not np.isfinite(fitness).all():
            row = int(np.flatnonzero(~np.isfinite(fitness))[0])
            raise ValueError(f"fitness must be finite, got {fitness[row]} for individual {row}: sanitize() it first")
        self._learn(self._asked, fitness)
        self._asked = None
        self.generation += 1

    @abstractmethod
    def _propose(self) -> np.ndarray:
        """New genomes, (population, genes) float64."""

    @abstractmethod
    def _learn(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        """Take in what `_propose` gave and the fitness of each row; both may be kept."""

    # --- what the outside may know -----------------------------------------------------------------------------------

    def favourite(self) -> np.ndarray | None:
        """The method's own best guess (genes,) that need not have been among the asked genomes, if it has one."""
        return None

    def stop(self) -> dict[str, float]:
        """Reasons to stop and the threshold each has passed; empty while the search should go on."""
        return {}

    def metrics(self) -> dict[str, float]:
        """What is worth logging after each generation, by name."""
        return {}

    @abstractmethod
    def describe(self) -> str:
        """One line for a reader: the method and what it was set to."""

    # --- leaving and coming back -------------------------------------------------------------------------------------

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """All that the future depends on: a dict that JSON can hold, and arrays by name (C order, copies).

        Raises:
            RuntimeError: between an ask and its tell; tell first.
        """
        if self._asked is not None:
            raise RuntimeError(f"the state of {self.name} can be taken only between a tell and the next ask")
        about, arrays = self._state()
        about = {**self._identity(), "generation": self.generation, **about}
        return about, {name: np.array(values, order="C") for name, values in arrays.items()}

    def restore(self, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Continue from a `state`, in an optimizer made with the same arguments; nothing of it is trusted.

        Raises:
            ValueError: the state is of another method, size, seed or option, or is damaged. Make a new optimizer then:
                this one may be half restored.
        """
        for key, ours in self._identity().items():
            if about.get(key) != ours:
                raise ValueError(f"the saved search has {key} = {about.get(key)!r}, this one has {ours!r}")
        self.generation = count(about, "generation")
        self._asked = None
        self._restore(about, arrays)

    def _identity(self) -> dict[str, Any]:
        """What must agree between the optimizer that was saved and the one that continues."""
        return {
            "method": self.name,
            "genes": len(self.layout),
            "population": self.population,
            "seed": self.seed,
            "options": self.options,
        }

    @abstractmethod
    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """The method's own part of `state`."""

    @abstractmethod
    def _restore(self, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """The method's own part of `restore`: checks what it takes."""


# --- reading a state that may be damaged -----------------------------------------------------------------------------


def count(about: Mapping[str, Any], key: str) -> int:
    """The integer >= 0 saved as `key`, or a ValueError."""
    value = about.get(key)
    if type(value) is not int or value < 0:
        raise ValueError(f"the saved search is damaged: expected an integer >= 0 as {key}, got {value!r}")
    return value


def number(about: Mapping[str, Any], key: str) -> float:
    """The finite number saved as `key`, or a ValueError."""
    value: Any = about.get(key)
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError(f"the saved search is damaged: expected a finite number as {key}, got {value!r}")
    return float(value)


def array(arrays: Mapping[str, np.ndarray], name: str, *shape: int) -> np.ndarray:
    """A copy of the finite float64 array saved as `name`, of this shape (-1: any length), or a ValueError."""
    values = np.asarray(arrays.get(name))
    wanted = len(shape) == values.ndim and all(n in (-1, have) for n, have in zip(shape, values.shape, strict=True))
    if values.dtype != np.float64 or not wanted or not np.isfinite(values).all():
        got = f"{values.dtype} of shape {values.shape}"
        raise ValueError(f"the saved search is damaged: expected finite float64 of shape {shape} as {name}, got {got}")
    return np.array(values, order="C")


def generator_state(generator: np.random.Generator) -> dict[str, Any]:
    """The state of a NumPy generator as JSON can hold it."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items()}
        return value.tolist() if isinstance(value, np.ndarray) else value

    return dict(plain(generator.bit_generator.state))


def restore_generator(generator: np.random.Generator, saved: Any) -> None:
    """Put a generator into a state from `generator_state`, or raise a ValueError."""
    try:
        philox = {key: np.array(saved["state"][key], np.uint64) for key in ("counter", "key")}
        buffer = np.array(saved["buffer"], np.uint64)
        if [len(philox["counter"]), len(philox["key"]), len(buffer)] != [4, 2, 4] or not 0 <= saved["buffer_pos"] <= 4:
            raise ValueError("wrong lengths")  # NumPy would read beyond its buffer
        generator.bit_generator.state = {**saved, "state": philox, "buffer": buffer}
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"the saved search is damaged: not the state of a random generator ({error})") from error
