"""Bayesian search: a model of where good genomes are, learnt from all that were tried; for tens of genes.

The method is Optuna's; this module makes it one of ours. Two models are offered:

- *tpe*, tree-structured Parzen estimators: densities of the good and of the other trials, jointly over all genes, and
  the genome where their ratio is best (Watanabe, "Tree-structured Parzen estimator", arXiv:2304.11127);
- *gp*, a Gaussian process and its expected improvement: fewer trials, far more time for each.

A whole generation is asked at once. Its genomes keep apart because those asked before in it count as poor until they
are told (the constant liar; Ginsbourger, Le Riche, Carraro 2010), or, with a Gaussian process, by the joint improvement
of all of them. With Parzen estimators that matters up to about ten genes; in more, their random candidates are far
enough from each other.

Optuna's samplers are not to be saved, so none outlives an `ask`: each makes a fresh one, seeded by (seed, generation),
and gives it the trials that are remembered. These are all the state there is. They are the best and the latest ones,
since each genome costs time in proportion to their number. A fitness is believed as it was told, for ever: under noise,
or when the worlds are renewed, the best remembered are partly the lucky ones.
"""

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Annotated, Any, Literal

import numpy as np
import optuna
from annotated_types import Ge, Interval
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from threadpoolctl import threadpool_limits

from emergent.genome import Layout
from emergent.randomness import generator, seeds
from emergent.search.genetic import best
from emergent.search.optimizer import Optimizer, array

_NEEDED = {"tpe": (), "gp": ("torch", "scipy", "greenlet")}  # what Optuna's samplers import only when they work
_GOOD = 0.1  # the share of the remembered trials that TPE takes for good, of which it never takes more than:
_MOST_GOOD = 25


class BayesianSearch(Optimizer):
    """Optuna's samplers behind ask and tell.

    Generations are drawn as the layout says until `startup` trials were told. Real genes are searched within
    centre +- width * spread and their own bounds.

    Raises:
        ValueError: more genes than `most_genes`, a library is missing, or a gene's bounds leave nothing to search.
    """

    name = "bayesian"

    def __init__(
        self,
        layout: Layout,
        population: int,
        seed: int,
        sampler: Annotated[
            Literal["tpe", "gp"], "Parzen estimators, or a Gaussian process, which is slow and needs the extra gp"
        ] = "tpe",
        startup: Annotated[int, Ge(1), "how many random trials come first, at least; whole generations"] = 32,
        width: Annotated[
            float, Interval(gt=0, le=1e3), "how far from their centre real genes are searched, in spreads"
        ] = 3.0,
        memory: Annotated[
            int, Ge(2), "how many trials are remembered, half of them the best and half the latest"
        ] = 500,
        most_genes: Annotated[int, Ge(1), "more genes than this are refused: the method is for tens of them"] = 200,
    ):
        if len(layout) > most_genes:
            raise ValueError(
                f"Bayesian search is for tens of genes, at most {most_genes}, and there are {len(layout)}: choose an "
                "indirect encoding, such as model.initial_state.encoding=cosine with coefficients=24, or the optimizer "
                "cma_es or genetic; or raise the option most_genes"
            )
        if missing := [library for library in _NEEDED[sampler] if find_spec(library) is None]:
            raise ValueError(
                f"the sampler {sampler} needs {', '.join(missing)}: pip install 'emergent-models[{sampler}]', "
                "or choose the sampler tpe"
            )
        options = {"sampler": sampler, "startup": startup, "width": width, "memory": memory, "most_genes": most_genes}
        super().__init__(layout, population, seed, options)
        self._low = np.maximum(layout.low, layout.centre - width * layout.spread)
        self._high = np.minimum(layout.high, layout.centre + width * layout.spread)
        real = layout.levels == 0
        if (self._low > self._high)[real].any():
            gene = int(np.flatnonzero(real & (self._low > self._high))[0])
            raise ValueError(
                f"gene {gene} is bound to {layout.low[gene]:g}..{layout.high[gene]:g}, which is more than {width:g} "
                f"spreads from its centre {layout.centre[gene]:g}: raise the option width, or move the centre"
            )
        self._distributions = {str(gene): self._distribution(gene) for gene in range(len(layout))}
        self._genomes = np.empty((0, len(layout)))  # of the trials that are remembered, oldest first
        self._fitness = np.empty(0)

    def _distribution(self, gene: int) -> BaseDistribution:
        if levels := int(self.layout.levels[gene]):
            return CategoricalDistribution(range(levels))
        return FloatDistribution(float(self._low[gene]), float(self._high[gene]))

    # --- one generation ----------------------------------------------------------------------------------------------

    def _propose(self) -> np.ndarray:
        if self.generation * self.population < self.options["startup"]:
            sample = self.layout.sample(generator(self.seed, self.name, self.generation), self.population)
            return np.where(self.layout.levels > 0, sample, np.clip(sample, self._low, self._high))
        with _alone():
            study = optuna.create_study(
                storage=optuna.storages.InMemoryStorage(), sampler=self._sampler(), direction="maximize"
            )
            study.add_trials(
                [self._trial(*trial) for trial in zip(self._genomes.tolist(), self._fitness.tolist(), strict=True)]
            )
            asked = [study.ask(self._distributions).params for _ in range(self.population)]
        return np.array([[params[gene] for gene in self._distributions] for params in asked], np.float64)

    def _sampler(self) -> optuna.samplers.BaseSampler:
        seed = int(seeds(self.seed, self.name, self.generation)) % 2**32
        if self.options["sampler"] == "gp":
            return optuna.samplers.GPSampler(seed=seed, n_startup_trials=0)
        return optuna.samplers.TPESampler(seed=seed, n_startup_trials=0, multivariate=True, constant_liar=True)

    def _trial(self, genome: list[float], fitness: float) -> optuna.trial.FrozenTrial:
        values = [int(gene) if levels else gene for gene, levels in zip(genome, self.layout.levels, strict=True)]
        params = dict(zip(self._distributions, values, strict=True))
        return optuna.trial.create_trial(params=params, distributions=self._distributions, value=fitness)

    def _learn(self, genomes: np.ndarray, fitness: np.ndarray) -> None:
        genomes, fitness = np.concatenate([self._genomes, genomes]), np.concatenate([self._fitness, fitness])
        kept = remembered(fitness, self.options["memory"])
        self._genomes, self._fitness = genomes[kept], fitness[kept]

    # --- what the outside may know -----------------------------------------------------------------------------------

    def favourite(self) -> np.ndarray | None:
        """The best genome that is remembered, of which the youngest: it may be of a generation long past."""
        return self._good(1)[0] if len(self._fitness) else None

    def metrics(self) -> dict[str, float]:
        """How many trials are remembered, and how far the good ones among them still differ.

        trials: remembered; deviation: the root mean square of the standard deviations of real genes, in spreads.
        """
        metrics, real = {"trials": float(len(self._fitness))}, self.layout.levels == 0
        if len(self._fitness) and real.any():
            good = self._good(min(_MOST_GOOD, int(np.ceil(_GOOD * len(self._fitness)))))[:, real]
            metrics["deviation"] = float(np.sqrt(np.mean(np.square(good.std(axis=0) / self.layout.spread[real]))))
        return metrics

    def _good(self, count: int) -> np.ndarray:
        return self._genomes[best(self._fitness, count)]

    def describe(self) -> str:
        model = {"tpe": "Parzen estimators", "gp": "a Gaussian process"}[self.options["sampler"]]
        return (
            f"Bayesian search by {model}, population {self.population}, {self.options['startup']} random trials first, "
            f"{self.options['memory']} remembered, within {self.options['width']:g} spreads"
        )

    # --- leaving and coming back -------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        return {"optuna": optuna.__version__}, {"genomes": self._genomes, "fitness": self._fitness}

    def _restore(self, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        if about.get("optuna") != optuna.__version__:
            raise ValueError(
                f"the saved search is of optuna {about.get('optuna')}, and this is {optuna.__version__}, which may go "
                f"on differently: install optuna=={about.get('optuna')}"
            )
        trials = min(self.generation * self.population, self.options["memory"])
        self._genomes = array(arrays, "genomes", trials, len(self.layout))
        self._fitness = array(arrays, "fitness", trials)
        levels, genomes = self.layout.levels, self._genomes
        category = (genomes == np.floor(genomes)) & (genomes >= 0) & (genomes < levels)
        if not np.where(levels > 0, category, (genomes >= self._low) & (genomes <= self._high)).all():
            raise ValueError("the saved search is damaged: a genome lies outside of what is searched")


def remembered(fitness: np.ndarray, memory: int) -> np.ndarray:
    """The rows to remember of trials in order of age: the best half of `memory`, and the latest of the others."""
    good = best(fitness, memory // 2)
    others = np.setdiff1d(np.arange(len(fitness)), good)
    return np.union1d(good, others[-(memory - memory // 2) :])


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """Within: Optuna says nothing, and linear algebra gives the same bits on any number of cores."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with threadpool_limits(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(level)
