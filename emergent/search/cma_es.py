"""CMA-ES: learns the mean and the covariance of a Gaussian from which good genomes come. Real genes only.

The method is pycma's (Hansen, "The CMA evolution strategy: a tutorial", arXiv:1604.00772); this module makes it one of
ours. Fitness is negated, because pycma minimises. It works in the coordinates z = (genome - centre) / spread: one step
size then fits all genes. All its random numbers come from a generator of our own, one for each restart. Its state is
taken out and put back as named arrays: a pickle would run whatever a stranger's file says.

Bounds are kept by `fold`, a pure function of the sample: pycma goes on in its own unbounded coordinates. Left to the
clipping of `Layout.grow`, the mean wanders out where nothing changes any more, and does not find back.
"""

import warnings
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Interval
from threadpoolctl import ThreadpoolController

from emergent.genome import Layout
from emergent.randomness import generator
from emergent.search.optimizer import Optimizer, array, count, generator_state, number, restore_generator

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # pycma warns when matplotlib, which only its plots need, is not installed
    import cma
    from cma.sigma_adaptation import CMAAdaptSigmaCSA
    from cma.utilities.utils import ElapsedWCTime

_BLAS = ThreadpoolController().select(user_api="blas")  # another number of its threads gives other last bits
_DIAGONAL_ABOVE = 300  # genes: a full covariance takes n^2 / 2 numbers to learn and n^3 steps to decompose

_FINEST = 1e-7  # spreads: when all steps are shorter, cells of float32 hardly tell the genomes apart

# The attributes of pycma that its future depends on, as it is set here, by the object they belong to ("" is the
# strategy itself). The rest of it is constant, recomputed before use, or a record for the reader.
_COUNTS = {
    "": ("countiter", "countevals"),
    "fit": ("flatfit_iterations",),
    "best": ("evals",),
    "_stoptolxstagnation": ("count", "count_x"),
}
_NUMBERS = {"": ("sigma",), "best": ("f",)}
_VECTORS = {"": ("mean", "mean_old", "pc"), "adapt_sigma": ("ps",), "_stoptolxstagnation": ("x",)}
_HISTORIES = {"fit": ("histbest", "histmedian")}
_FULL_COUNTS = {"sm": ("count_tell", "last_update")}


class CMAES(Optimizer):
    """Covariance matrix adaptation, restarted from a fresh mean when pycma finds that a run has ended.

    The first run starts at the layout's centre. A restart draws its mean as an individual of the first population and
    keeps the population's size, since a generation is evaluated as one batch. Nothing is known of noise: with noisy
    fitness take a larger population.

    Raises:
        ValueError: the layout has categorical genes.
    """

    name = "cma_es"
    smallest_population = 4

    def __init__(
        self,
        layout: Layout,
        population: int,
        seed: int,
        sigma: Annotated[
            float, Interval(gt=0, le=1e3), "the first step size, in spreads; 1 samples as the layout does"
        ] = 1.0,
        diagonal: Annotated[
            bool | Literal["auto"], "learn one variance a gene and no correlations; auto: above 300 genes"
        ] = "auto",
        restarts: Annotated[bool, "start again from a fresh mean when a run has ended, instead of stopping"] = True,
        plateau: Annotated[int, Ge(1), "how many generations in a row may be flat before a run has ended"] = 5,
    ):
        if (layout.levels > 0).any():
            raise ValueError(
                f"CMA-ES moves real genes only, and {int((layout.levels > 0).sum())} of {len(layout)} are categorical: "
                'use the genetic algorithm, "genetic"'
            )
        options = {"sigma": sigma, "diagonal": diagonal, "restarts": restarts, "plateau": plateau}
        super().__init__(layout, population, seed, options)
        self._diagonal = len(layout) > _DIAGONAL_ABOVE if diagonal == "auto" else diagonal
        self._begin(0)

    def _begin(self, restart: int) -> None:
        """Make the strategy of this restart, whose every number follows from (seed, restart)."""
        self._restart = restart
        self._reasons: dict[str, float] = {}
        self._generator = generator(self.seed, self.name, restart)
        mean = self._generator.standard_normal(len(self.layout)) if restart else np.zeros(len(self.layout))
        options = {
            "popsize": self.population,
            "randn": self._standard_normal,
            "seed": np.nan,  # leave NumPy's global generator alone
            "AdaptSigma": CMAAdaptSigmaCSA,  # the default from 300 genes on draws from the global generator
            "CMA_diagonal": self._diagonal,
            "CMA_mirrors": 0,
            "conditioncov_alleviate": False,  # no change of coordinates in a run; a condition of 1e14 ends it
            "tolflatfitness": self.options["plateau"],
            "tolfun": 0.0,  # off, and the next: thresholds on differences of fitness presume its scale, and end a run
            "tolfunhist": 0.0,  # at the first generation in which all are equal; `plateau` is in their place
            "tolx": _FINEST,
            "verbose": -10,  # prints nothing, writes nothing, reads no file of signals
        }
        self._strategy = cma.CMAEvolutionStrategy(mean, self.options["sigma"], options)

    def _standard_normal(self, *shape: int) -> np.ndarray:
        numbers: np.ndarray = self._generator.standard_normal(shape)
        return numbers

    # --- one generation ----------------------------------------------------------------------------------------------

    def _propose(self) -> np.ndarray:
        with _BLAS.limit(limits=1):
            self._steps = self._strategy.ask()
            self._settle()
        return self._genomes(np.array(self._steps))

    def _genomes(self, steps: np.ndarray) -> np.ndarray:
        return fold(self.layout.centre + self.layout.spread * steps, self.layout)

    def _learn(self, genomes: np.ndarray, fitness: np.ndarray) -> None:  # noqa: ARG002 - it knows its own steps
        with _BLAS.limit(limits=1):
            self._strategy.tell(self._steps, (-fitness).tolist())
            self._settle()
        self._reasons = {reason: _threshold(value) for reason, value in self._strategy.stop().items()}
        if self._reasons and self.options["restarts"]:
            self._begin(self._restart + 1)

    def _settle(self) -> None:
        """Bring matrices into the memory order that restored ones have: BLAS rounds differently for another."""
        if not self._diagonal:
            sampler = self._strategy.sm
            sampler.B, sampler.C = np.ascontiguousarray(sampler.B), np.ascontiguousarray(sampler.C)
            self._strategy._updateBDfromSM(sampler)

    # --- what the outside may know -----------------------------------------------------------------------------------

    def favourite(self) -> np.ndarray:
        """The mean of the distribution: under noise usually a better guess than any one sample."""
        return self._genomes(self._strategy.mean)

    def stop(self) -> dict[str, float]:
        """pycma's reasons and thresholds, empty as long as runs are restarted."""
        return {} if self.options["restarts"] else dict(self._reasons)

    def metrics(self) -> dict[str, float]:
        """How wide the Gaussian is, in spreads, and how often it began anew.

        sigma: the step size; axis_ratio: its longest by its shortest axis; deviation: the root mean square of the
        genes' standard deviations; restarts: how many there were.
        """
        strategy = self._strategy
        axes = np.broadcast_to(strategy.sigma_vec.scaling * strategy.D, len(self.layout))
        return {
            "sigma": float(strategy.sigma),
            "axis_ratio": float(axes.max() / axes.min()),
            "deviation": float(strategy.sigma * np.sqrt(np.mean(np.square(axes)))),
            "restarts": float(self._restart),
        }

    def describe(self) -> str:
        covariance = "diagonal" if self._diagonal else "full"
        ending = "restarted when a run ends" if self.options["restarts"] else "one run"
        first = f"first sigma {self.options['sigma']:g}"
        return f"CMA-ES, population {self.population}, {covariance} covariance, {first}, {ending}"

    # --- leaving and coming back -------------------------------------------------------------------------------------

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        about = {"cma": cma.__version__, "restart": self._restart, "reasons": self._reasons}
        about["generator"] = generator_state(self._generator)
        if not self._strategy.countiter:  # at the start of a run: all follows from the seed
            return {**about, "countiter": 0}, {}
        for name, part, attribute in (*self._attributes(_COUNTS), *self._attributes(_NUMBERS)):
            value = getattr(part, attribute)
            about[name] = value.item() if isinstance(value, np.generic) else value
        arrays = {
            name: np.array(getattr(part, attribute), np.float64)
            for name, part, attribute in (*self._attributes(_VECTORS), *self._attributes(_HISTORIES))
        }
        if self._diagonal:
            return about, {**arrays, "scaling": self._strategy.sigma_vec.scaling}
        sampler = self._strategy.sm
        for name, part, attribute in self._attributes(_FULL_COUNTS):
            about[name] = getattr(part, attribute)
        return about, {**arrays, "C": sampler.C, "B": sampler.B, "D": sampler.D}

    def _restore(self, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        if about.get("cma") != cma.__version__:
            raise ValueError(
                f"the saved search is of cma {about.get('cma')}, and this is {cma.__version__}, which may go on "
                f"differently: install cma=={about.get('cma')}"
            )
        self._begin(count(about, "restart"))
        restore_generator(self._generator, about.get("generator"))
        if not count(about, "countiter"):
            return
        genes, reasons = len(self.layout), about.get("reasons")
        if not isinstance(reasons, dict):
            raise ValueError(f"the saved search is damaged: expected reasons to stop, got {reasons!r}")
        self._reasons = {reason: number(reasons, reason) for reason in reasons}
        for name, part, attribute in self._attributes(_COUNTS):
            setattr(part, attribute, count(about, name))
        for name, part, attribute in self._attributes(_NUMBERS):
            setattr(part, attribute, number(about, name))
        for name, part, attribute in self._attributes(_VECTORS):
            setattr(part, attribute, array(arrays, name, genes))
        for name, part, attribute in self._attributes(_HISTORIES):
            setattr(part, attribute, array(arrays, name, -1).tolist())
        self._restore_covariance(about, arrays)

    def _restore_covariance(self, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        genes, strategy = len(self.layout), self._strategy
        if self._diagonal:
            strategy.sigma_vec.scaling, strategy.sigma_vec.is_identity = array(arrays, "scaling", genes), False
        else:
            for name, part, attribute in self._attributes(_FULL_COUNTS):
                setattr(part, attribute, count(about, name))
            strategy.sm.C, strategy.sm.B = array(arrays, "C", genes, genes), array(arrays, "B", genes, genes)
            strategy.sm.D = array(arrays, "D", genes)
        if strategy.sigma <= 0 or (strategy.sm.D if not self._diagonal else strategy.sigma_vec.scaling).min() <= 0:
            raise ValueError("the saved search is damaged: a standard deviation is not positive")
        strategy._updateBDfromSM(strategy.sm)
        strategy.timer = ElapsedWCTime()  # pycma makes it in its first ask, and wants it later

    def _attributes(self, table: Mapping[str, tuple[str, ...]]) -> list[tuple[str, Any, str]]:
        """(name in the state, object, attribute) for each entry of such a table."""
        return [
            (f"{part}.{attribute}".lstrip("._"), getattr(self._strategy, part) if part else self._strategy, attribute)
            for part, attributes in table.items()
            for attribute in attributes
        ]


def fold(genomes: np.ndarray, layout: Layout) -> np.ndarray:
    """`genomes` (..., genes) brought into the layout's bounds: reflected at walls just outside, then clipped.

    Reflection leads a wandering mean back. The narrow strip between a bound and its wall, which clipping makes flat,
    gives the bound itself a share of the samples, so that a saturated cell can be reached exactly.
    """
    strip = np.minimum(0.1 * layout.spread, 0.05 * (layout.high - layout.low))
    low, high = layout.low - strip, layout.high + strip
    outside = (genomes < low) | (genomes > high)
    x, low, high = (np.broadcast_to(values, genomes.shape)[outside] for values in (genomes, low, high))
    over = np.where(x < low, low - x, x - high)
    width = high - low
    between = np.isfinite(width) & (width > 0)  # two walls: it may bounce to and fro
    over[between] = width[between] - np.abs(np.mod(over[between], 2.0 * width[between]) - width[between])
    folded = genomes.copy()
    folded[outside] = np.where(x < low, low + over, high - over)
    np.clip(folded, layout.low, layout.high, out=folded)
    return folded


def _threshold(value: Any) -> float:
    """pycma's threshold as one number: some are lists, led by the number that counts, or missing."""
    if isinstance(value, (list, tuple)):
        value = value[0] if value else 0.0
    return 0.0 if value is None else float(value)
