"""Hill climbing by many climbers at once, each with restarts: what a search without crossover can do.

A climber stands on one genome. Each generation it tries a few mutants of it, and steps onto the best of them unless
that is worse; so it drifts on plateaus. One that has not risen for a while starts anew from a random genome. Climbers
know nothing of each other. With one climber it is the (1 + lambda) strategy of the plainest kind.

A climber keeps the fitness that it was told when it got where it stands, which is stale as soon as worlds are renewed.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from annotated_types import Ge, Interval

from emergent.genome import Layout
from emergent.randomness import generator
from emergent.search.genetic import mutate
from emergent.search.optimizer import Optimizer, array, generator_state, restore_generator


class HillClimber(Optimizer):
    """Climbs from many random genomes. Asked rows: the mutants of the first climber, then those of the second, ...

    Raises:
        ValueError: the population is no multiple of the climbers.
    """

    name = "hill_climber"
    smallest_population = 1

    def __init__(
        self,
        layout: Layout,
        population: int,
        seed: int,
        climbers: Annotated[
            int | None, Ge(1), "how many climb at once, a divisor of the population; by default a tenth of it, or one"
        ] = None,
        patience: Annotated[int, Ge(1), "generations without a rise after which a climber starts anew"] = 100,
        mutation_rate: Annotated[
            float | None, Interval(ge=0, le=1), "the chance of each real gene to mutate; by default 1 / genes"
        ] = None,
        mutation_scale: Annotated[
            float, Interval(gt=0, le=1e3), "the standard deviation of a real gene's step, in spreads"
        ] = 0.3,
        resample_rate: Annotated[
            float | None, Interval(ge=0, le=1), "the chance of each categorical gene to change; by default 1 / genes"
        ] = None,
    ):
        options = {
            "climbers": climbers,
            "patience": patience,
            "mutation_rate": mutation_rate,
            "mutation_scale": mutation_scale,
            "resample_rate": resample_rate,
        }
        super().__init__(layout, population, seed, options)
        self._climbers = climbers or (population // 10 if population >= 10 and population % 10 == 0 else 1)
        if population % self._climbers:
            raise ValueError(
                f"expected a population that {self._climbers} climbers can share evenly, got {population}; change one"
            )
        rates = [1.0 / len(layout) if rate is None else rate for rate in (mutation_rate, resample_rate)]
        self._rates = np.where(layout.levels == 0, *rates)
        self._generator = generator(seed, self.name)
        self._genomes = np.zeros((self._climbers, len(layout)))  # where each stands
        self._fitness = np.zeros(self._climbers)
        self._waited = np.full(self._climbers, np.inf)  # generations without a rise; who has nowhere to stand starts

    # --- one generation ----------------------------------------------------------------------------------------------

    def _propose(self) -> np.ndarray:
        g, lost, each = self._generator, self._lost, self.population // self._climbers
        mutants = np.repeat(self._genomes, each, axis=0)
        hit = g.random(mutants.shape) < self._rates
        same = np.flatnonzero(~hit.any(axis=1))
        if self._rates.any():  # to try a copy teaches nothing
            hit[same, g.choice(len(self.layout), len(same), p=self._rates / self._rates.sum())] = True
        mutate(mutants, hit, np.full(len(mutants), self.options["mutation_scale"]), self.layout, g)
        fresh = np.repeat(lost, each)
        mutants[fresh] = np.clip(self.layout.sample(g, int(fresh.sum())), self.layout.low, self.layout.high)
        return mutants

    def _learn(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        rows = np.arange(self._climbers)
        tried = fitness.reshape(self._climbers, -1)
        best, lost = tried.argmax(axis=1), self._lost
        reached = tried[rows, best]
        rises = lost | (reached > self._fitness)
        steps = rises | (reached == self._fitness)
        self._waited = np.where(rises, 0.0, self._waited + 1)
        self._fitness = np.where(steps, reached, self._fitness)
        chosen = genomes.reshape(self._climbers, -1, len(self.layout))[rows, best]
        self._genomes = np.where(steps[:, None], chosen, self._genomes)

    @property
    def _lost(self) -> np.ndarray:
        """Who starts anew, (climbers,) bool."""
        return np.asarray(self._waited >= self.options["patience"])

    # --- what the outside may know -----------------------------------------------------------------------------------

    def metrics(self) -> dict[str, float]:
        """starts: the share of climbers that start anew next; height: the mean fitness of where they stand."""
        return {"starts": float(self._lost.mean()), "height": float(self._fitness.mean())}

    def describe(self) -> str:
        return (
            f"hill climbing, population {self.population}, {self._climbers} climbers with "
            f"{self.population // self._climbers} mutants each, anew after {self.options['patience']} generations "
            "without a rise"
        )

    # --- leaving and coming back -------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        if not self.generation:
            return {"generator": generator_state(self._generator)}, {}
        standing = {"genomes": self._genomes, "fitness": self._fitness, "waited": self._waited}
        return {"generator": generator_state(self._generator)}, standing

    def _restore(self, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        restore_generator(self._generator, about.get("generator"))
        self._waited = np.full(self._climbers, np.inf)
        if self.generation:
            self._genomes = array(arrays, "genomes", self._climbers, len(self.layout))
            self._fitness = array(arrays, "fitness", self._climbers)
            self._waited = array(arrays, "waited", self._climbers)
