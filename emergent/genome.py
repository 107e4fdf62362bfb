"""The layout of a genome: one flat vector of genes, and what each slice of it fills.

A genome is a float64 vector. A *real* gene holds the value itself; a *categorical* gene one of the integers
0..levels-1. Slices are *direct* (a gene per cell or parameter). An individual is grown from its genome by
`Layout.grow`, for a whole population at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Genes:
    """A slice of a genome: genes of one kind that fill places of one target.

    Args:
        name: what a reader calls them, such as "initial_state.gain".
        target: "initial_state" or "parameters" (of the rule, or of a baseline policy).
        places: (n,) integers: which entries of the target's flat vector the genes fill, in order.
        levels: 0 for real genes, else how many values a categorical gene can take.
        centre: real genes: where the search starts; categorical: not used.
        spread: real genes: the standard deviation of the first population, > 0.
        low, high: real genes are clipped to this range when an individual is grown.
    """

    name: str
    target: str
    places: np.ndarray
    levels: int = 0
    centre: float = 0.0
    spread: float = 1.0
    low: float = -np.inf
    high: float = np.inf

    def __len__(self) -> int:
        return len(self.places)

    def __str__(self) -> str:
        if self.levels:
            return f"{len(self)} x {self.levels} states"
        bounds = "" if np.isinf(self.low) and np.isinf(self.high) else f", in [{self.low:g}, {self.high:g}]"
        return f"{len(self)} real, first drawn from N({self.centre:g}, {self.spread:g}){bounds}"


class Layout:
    """Which slice of a genome fills what, and the values of everything that is not trained.

    Args:
        slices: the genes, in the order of the genome.
        initial_state: (cells,) the initial state where no gene fills it.
        parameters: (n,) the parameters of the rule where no gene fills them.

    Raises:
        ValueError: no genes at all, a place outside its target, or one filled twice.
    """

    def __init__(self, slices: Sequence[Genes], initial_state: np.ndarray, parameters: np.ndarray):
        self.slices = tuple(slices)
        self.targets = {"initial_state": initial_state.copy(), "parameters": parameters.copy()}
        for target, values in self.targets.items():
            places = np.concatenate([[], *(genes.places for genes in self.slices if genes.target == target)])
            if len(places) and not 0 <= places.min() <= places.max() < len(values):
                raise ValueError(
                    f"genes fill places {places.min():g}..{places.max():g} of {target}, which has 0..{len(values) - 1}"
                )
            if len(np.unique(places)) < len(places):
                raise ValueError(f"two genes fill the same place of {target}")
        if not len(self):
            raise ValueError("nothing is free to train: set the initial state, the rule or both free")
        self.levels = self._per_gene("levels", np.int64)
        self.centre = self._per_gene("centre", np.float64)
        self.spread = self._per_gene("spread", np.float64)
        self.low = self._per_gene("low", np.float64)
        self.high = self._per_gene("high", np.float64)

    def __len__(self) -> int:
        return sum(len(genes) for genes in self.slices)

    def _per_gene(self, field: str, dtype: type) -> np.ndarray:
        return np.concatenate([np.full(len(genes), getattr(genes, field), dtype) for genes in self.slices])

    def describe(self) -> str:
        """One line a slice: which genes fill what."""
        lines, start = [], 0
        for genes in self.slices:
            lines.append(f"genes {start}..{start + len(genes) - 1}  {genes.name}: {genes}")
            start += len(genes)
        return "\n".join(lines)

    def sample(self, generator: np.random.Generator, count: int) -> np.ndarray:
        """`count` genomes of the first population, (count, len(self)) float64: normal reals, uniform categories."""
        genomes = self.centre + self.spread * generator.standard_normal((count, len(self)))
        categorical = self.levels > 0
        genomes[:, categorical] = generator.integers(0, self.levels[categorical], (count, int(categorical.sum())))
        return genomes

    def grow(self, genomes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Turn genomes (n, len(self)) into initial states (n, cells) and parameters (n, p), in their own dtypes.

        Raises:
            ValueError: the wrong number of genes, one that is not finite, or a categorical one beyond its levels.
        """
        genomes = np.asarray(genomes, np.float64)
        if genomes.ndim != 2 or genomes.shape[1] != len(self):
            raise ValueError(f"expected genomes of shape (n, {len(self)}), got {genomes.shape}")
        categories = genomes[:, self.levels > 0]
        whole = (categories == np.floor(categories)) & (categories >= 0) & (categories < self.levels[self.levels > 0])
        if not (np.isfinite(genomes).all() and whole.all()):
            raise ValueError("expected finite genes, categorical ones in 0..levels-1; is the genome of another layout?")
        grown = {target: np.tile(values, (len(genomes), 1)) for target, values in self.targets.items()}
        values = np.clip(genomes, self.low, self.high)
        start = 0
        for genes in self.slices:
            grown[genes.target][:, genes.places] = values[:, start : start + len(genes)]
            start += len(genes)
        return grown["initial_state"], grown["parameters"]
