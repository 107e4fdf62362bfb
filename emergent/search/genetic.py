"""A genetic algorithm for genomes of real and categorical genes, alone or mixed.

Parents are chosen by rank of fitness, a child takes each gene from one of two parents, and some genes mutate: a real
one by a Gaussian step in units of its spread, a categorical one to another of its levels. A generation is replaced in
one of two ways:

- *generational*: children replace all but the best few, the elites. Elites are part of the next asked population, so
  that under noise, or when the worlds are renewed, they are evaluated again each generation and lucky ones do not stay.
- *plus*, the (mu + lambda) way: the best mu of parents and children survive. With `reevaluate` the survivors are asked
  again with their children; without, all that is asked is new and survivors keep the fitness they were once told, which
  is stale as soon as the worlds are renewed, and under noise keeps whoever was lucky.

Among equals the younger survive: on the plateaus that discrete programs have, this lets the search drift instead of
sticking to the first comer (Miller and Thomson, "Cartesian genetic programming", EuroGP 2000).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from annotated_types import Ge, Interval

from emergent.genome import Layout
from emergent.randomness import generator
from emergent.search.optimizer import Optimizer, array, generator_state, restore_generator

_SCALES = (1e-6, 10.0)  # where self-adaptation stops: below, a step is lost in float32 cells; above, it is a new sample


class Pool(NamedTuple):
    """Individuals that may become parents, oldest first: genomes (m, genes), fitness (m,), mutation scales (m,)."""

    genomes: np.ndarray
    fitness: np.ndarray
    scales: np.ndarray

    def take(self, rows: np.ndarray) -> "Pool":
        return Pool(*(values[rows] for values in self))


class GeneticAlgorithm(Optimizer):
    """Evolves a population by selection, crossover, mutation, elites and immigrants.

    Asked rows: first those evaluated again (elites or survivors, oldest first), then immigrants, then children. Options
    are checked one by one by `emergent.search.make`, here only together.

    Raises:
        ValueError: no row of the population is left for children, or there are more survivors than individuals.
    """

    name = "genetic"

    def __init__(
        self,
        layout: Layout,
        population: int,
        seed: int,
        selection: Annotated[
            Literal["tournament", "truncation"],
            "how parents are chosen: the best of a few drawn at random, or any of the best share",
        ] = "tournament",
        tournament: Annotated[int, Ge(1), "how many are drawn for a tournament; more is greedier"] = 3,
        truncation: Annotated[float, Interval(gt=0, le=1), "the best share that may be parents under truncation"] = 0.3,
        crossover: Annotated[
            Literal["uniform", "k_point"], "how two parents are mixed: gene by gene, or in stretches between cuts"
        ] = "uniform",
        crossover_rate: Annotated[float, Interval(ge=0, le=1), "the share of children with two parents"] = 0.7,
        cuts: Annotated[int, Ge(1), "how many cuts k-point crossover makes; two at one place cancel"] = 2,
        mutation_rate: Annotated[
            float | None, Interval(ge=0, le=1), "the chance of each real gene to mutate; by default 1 / genes"
        ] = None,
        mutation_scale: Annotated[
            float, Interval(gt=0, le=1e3), "the standard deviation of a real gene's step, in spreads"
        ] = 0.3,
        adapt_scale: Annotated[
            bool,
            "inherit and vary the mutation scale; helps on smooth problems with rates of 0.1 up, not on rugged ones",
        ] = False,
        resample_rate: Annotated[
            float | None, Interval(ge=0, le=1), "the chance of each categorical gene to change; by default 1 / genes"
        ] = None,
        replacement: Annotated[
            Literal["generational", "plus"], "children replace all but the elites, or the best of all survive"
        ] = "generational",
        elites: Annotated[int, Ge(0), "how many of the best stay unchanged (generational replacement)"] = 2,
        survivors: Annotated[int | None, Ge(1), "how many survive (plus replacement); by default half of all"] = None,
        reevaluate: Annotated[bool, "evaluate survivors again with their children (plus replacement)"] = True,
        immigrants: Annotated[int, Ge(0), "how many of each generation are fresh random genomes"] = 1,
    ):
        options = {
            "selection": selection,
            "tournament": tournament,
            "truncation": truncation,
            "crossover": crossover,
            "crossover_rate": crossover_rate,
            "cuts": cuts,
            "mutation_rate": mutation_rate,
            "mutation_scale": mutation_scale,
            "adapt_scale": adapt_scale,
            "resample_rate": resample_rate,
            "replacement": replacement,
            "elites": elites,
            "survivors": survivors,
            "reevaluate": reevaluate,
            "immigrants": immigrants,
        }
        super().__init__(layout, population, seed, options)
        self._survivors = elites if replacement == "generational" else survivors or population // 2
        if replacement == "plus" and self._survivors > population:
            raise ValueError(f"expected at most {population} survivors, the population, got {self._survivors}")
        asked_again = self._survivors if replacement == "generational" or reevaluate else 0
        if asked_again + immigrants >= population:
            raise ValueError(
                f"a population of {population} with {asked_again} evaluated again and {immigrants} immigrants leaves "
                "no row for children: raise population, or lower elites, survivors or immigrants"
            )
        default = 1.0 / len(layout)
        self._rates = np.where(
            layout.levels == 0,
            default if mutation_rate is None else mutation_rate,
            default if resample_rate is None else resample_rate,
        )
        self._generator = generator(seed, self.name)
        self._pool: Pool | None = None  # the possible parents, once some were told
        self._scales = np.empty(0)  # of the asked individuals

    # --- one generation ----------------------------------------------------------------------------------------------

    def _propose(self) -> np.ndarray:
        if self._pool is None:
            self._scales = np.full(self.population, self.options["mutation_scale"])
            return self._sample(self.population)
        again = self._evaluated_again(self._pool)
        immigrants = self._sample(self.options["immigrants"])
        children, scales = self._breed(self._pool, self.population - len(again.genomes) - len(immigrants))
        fresh = np.full(len(immigrants), self.options["mutation_scale"])
        self._scales = np.concatenate([again.scales, fresh, scales])
        return np.concatenate([again.genomes, immigrants, children])

    def _learn(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        told = Pool(genomes, fitness, self._scales)
        if self.options["replacement"] == "plus":
            if self._pool is not None and not self.options["reevaluate"]:
                told = Pool(*(np.concatenate(both) for both in zip(self._pool, told, strict=True)))
            told = told.take(best(told.fitness, self._survivors))
        self._pool = told

    def _evaluated_again(self, pool: Pool) -> Pool:
        """Those of the pool that are part of the next population."""
        if self.options["replacement"] == "generational":
            return pool.take(best(pool.fitness, self._survivors))
        return pool if self.options["reevaluate"] else pool.take(np.empty(0, np.intp))

    def _sample(self, count: int) -> np.ndarray:
        return np.asarray(np.clip(self.layout.sample(self._generator, count), self.layout.low, self.layout.high))

    def _breed(self, pool: Pool, count: int) -> tuple[np.ndarray, np.ndarray]:
        """`count` children of the pool, (count, genes), and their mutation scales (count,)."""
        g, options = self._generator, self.options
        if options["selection"] == "tournament":
            parents = tournament(pool.fitness, options["tournament"], 2 * count, g)
        else:
            parents = truncation(pool.fitness, options["truncation"], 2 * count, g)
        first, second = parents.reshape(2, count)
        second = np.where(g.random(count) < options["crossover_rate"], second, first)
        shape = (count, len(self.layout))
        swap = uniform_mask(shape, g) if options["crossover"] == "uniform" else k_point_mask(shape, options["cuts"], g)
        children = np.where(swap, pool.genomes[second], pool.genomes[first])
        copies = (children == pool.genomes[first]).all(axis=1) | (children == pool.genomes[second]).all(axis=1)
        scales = self._child_scales(pool.scales[first], pool.scales[second])
        mutate(children, self._hit(copies), scales, self.layout, g)
        return children, scales

    def _child_scales(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """The mutation scales of children whose parents have these, by log-normal self-adaptation if it is on."""
        if not self.options["adapt_scale"]:
            return np.full(len(first), self.options["mutation_scale"])
        mutating = max(1.0, self._rates[self.layout.levels == 0].sum())  # real genes at once
        change = self._generator.standard_normal(len(first)) / np.sqrt(2.0 * mutating)  # the usual learning rate
        return np.asarray(np.clip(np.sqrt(first * second) * np.exp(change), *_SCALES))

    def _hit(self, copies: np.ndarray) -> np.ndarray:
        """Which genes of which children mutate, (children, genes): each by its own chance, and at least one of a copy.

        To evaluate copies of a parent again teaches little, and where the best survive they would crowd out all else.
        """
        hit = self._generator.random((len(copies), len(self.layout))) < self._rates
        copies = copies & ~hit.any(axis=1)
        if self._rates.any():
            genes = self._generator.choice(len(self.layout), int(copies.sum()), p=self._rates / self._rates.sum())
            hit[copies, genes] = True
        return hit

    # --- what the outside may know -----------------------------------------------------------------------------------

    def metrics(self) -> dict[str, float]:
        """How different the possible parents still are, 0 when all are equal, for each kind of gene there is.

        diversity_real: mean standard deviation of the real genes, in spreads; diversity_categorical: mean chance that
        two individuals differ in a categorical gene; mutation_scale: its mean, in spreads.
        """
        if self._pool is None:
            return {}
        real, metrics = self.layout.levels == 0, {"mutation_scale": float(self._pool.scales.mean())}
        if real.any():
            deviations = self._pool.genomes[:, real].std(axis=0) / self.layout.spread[real]
            metrics["diversity_real"] = float(deviations.mean())
        if not real.all():
            values = self._pool.genomes[:, ~real]
            shares = [(values == level).mean(axis=0) for level in range(int(self.layout.levels.max()))]
            metrics["diversity_categorical"] = float(1.0 - np.square(shares).sum(axis=0).mean())
        return metrics

    def describe(self) -> str:
        options = self.options
        selection = f"{options['selection']} of {options[options['selection']]:g}"
        cuts = f" with {options['cuts']} cuts" if options["crossover"] == "k_point" else ""
        if options["replacement"] == "generational":
            replacement = f"{self._survivors} elites"
        else:
            again = "evaluated again" if options["reevaluate"] else "not evaluated again"
            replacement = f"{self._survivors} survivors, {again}"
        return (
            f"genetic algorithm, population {self.population}, {selection}, {options['crossover']} crossover{cuts}, "
            f"{options['replacement']} with {replacement}, {options['immigrants']} immigrants"
        )

    # --- leaving and coming back -------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        pool = {} if self._pool is None else self._pool._asdict()
        return {"generator": generator_state(self._generator)}, pool

    def _restore(self, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        restore_generator(self._generator, about.get("generator"))
        self._pool = None
        if self.generation:
            rows = self.population if self.options["replacement"] == "generational" else self._survivors
            genomes = array(arrays, "genomes", rows, len(self.layout))
            self._pool = Pool(genomes, array(arrays, "fitness", rows), array(arrays, "scales", rows))


# --- operators -------------------------------------------------------------------------------------------------------


def best(fitness: np.ndarray, count: int) -> np.ndarray:
    """The rows of the `count` best, in order of rows; among equals the later rows, which are the younger."""
    rows = np.arange(len(fitness))
    return np.sort(np.lexsort((-rows, -fitness))[:count])


def tournament(fitness: np.ndarray, size: int, count: int, generator: np.random.Generator) -> np.ndarray:
    """`count` rows, each the best of `size` drawn with replacement; among equals the first drawn."""
    drawn = generator.integers(0, len(fitness), (count, size))
    return np.asarray(drawn[np.arange(count), fitness[drawn].argmax(axis=1)])


def truncation(fitness: np.ndarray, share: float, count: int, generator: np.random.Generator) -> np.ndarray:
    """`count` rows drawn with replacement from the best `share` of all, at least one."""
    parents = best(fitness, max(1, round(share * len(fitness))))
    return parents[generator.integers(0, len(parents), count)]


def uniform_mask(shape: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    """Booleans (children, genes), each True with chance 1/2: which genes come from the second parent."""
    octets = generator.integers(0, 256, (shape[0], -(-shape[1] // 8)), np.uint8)
    return np.unpackbits(octets, axis=1, count=shape[1]).astype(bool)


def k_point_mask(shape: tuple[int, int], cuts: int, generator: np.random.Generator) -> np.ndarray:
    """Booleans (children, genes) that switch at `cuts` places drawn with replacement: two at one place cancel.

    A child starts with its first parent, which is as likely to be the better one as the second.
    """
    children, genes = shape
    if genes < 2:
        return np.zeros(shape, bool)
    switches = np.zeros(shape, np.int64)
    np.add.at(switches, (np.arange(children)[:, None], generator.integers(1, genes, (children, cuts))), 1)
    return np.asarray(np.cumsum(switches, axis=1) % 2 == 1)


def mutate(
    genomes: np.ndarray, hit: np.ndarray, scales: np.ndarray, layout: Layout, generator: np.random.Generator
) -> None:
    """Mutate the genes of `genomes` (m, genes) where `hit` (m, genes), in place.

    A real gene gets a Gaussian step of standard deviation scale * spread and is clipped to its range, where it would be
    clipped anyway when grown; a categorical one becomes any of its *other* levels, all equally likely.

    Args:
        scales: (m,) of each individual.
    """
    rows, genes = np.nonzero(hit & (layout.levels == 0))
    steps = scales[rows] * layout.spread[genes] * generator.standard_normal(len(rows))
    genomes[rows, genes] = np.clip(genomes[rows, genes] + steps, layout.low[genes], layout.high[genes])
    rows, genes = np.nonzero(hit & (layout.levels > 1))
    levels = layout.levels[genes]
    genomes[rows, genes] = (genomes[rows, genes] + generator.integers(1, levels)) % levels
