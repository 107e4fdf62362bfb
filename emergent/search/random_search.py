"""Random search: every generation is a fresh sample of the layout. The baseline that any other method must beat."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from emergent.genome import Layout
from emergent.randomness import generator
from emergent.search.optimizer import Optimizer


class RandomSearch(Optimizer):
    """Samples of the first population's distribution, for ever; fitness is not used."""

    name = "random_search"
    smallest_population = 1

    def __init__(self, layout: Layout, population: int, seed: int):
        super().__init__(layout, population, seed, {})

    def _propose(self) -> np.ndarray:
        # a generator per generation: the count of generations is then all there is to save
        return self.layout.sample(generator(self.seed, self.name, self.generation), self.population)

    def _learn(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        pass

    def describe(self) -> str:
        return f"random search, {self.population} samples a generation"

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {}, {}

    def _restore(self, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        pass
