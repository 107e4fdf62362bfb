"""The layout of a genome: one flat vector of genes, and what each slice of it fills.

A genome is a float64 vector. A *real* gene holds the value itself; a *categorical* gene one of the integers
0..levels-1. Slices are *direct* (a gene per cell or parameter) or *indirect* (a few coefficients, always real, that a
fixed matrix expands to many cells). An individual is grown from its genome by `Layout.grow`, for a whole population at
once.

An indirect genome searches a subspace of all programs, in return for a search in tens of dimensions. The subspace of
`cosine` is that of smooth programs (Koutník, Gomez, Schmidhuber, "Evolving neural networks in compressed weight space",
GECCO 2010); that of `embedding` is a random one, which is enough where few directions matter (REMBO: Wang et al.,
IJCAI 2013; ALEBO: Letham et al., NeurIPS 2020).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np


@dataclass(frozen=True)
class Genes:
    """A slice of a genome: genes of one kind that fill places of one target.

    With a `basis` the genes are real coefficients g, first drawn from N(0, spread), and the places are filled with
    centre + basis @ g, clipped to low..high. Categorical places then get the state whose share of a normal distribution
    that number falls into, where the shares are equal: each state is equally likely in the first population.

    Args:
        name: what a reader calls them, such as "initial_state.gain".
        target: "initial_state" or "parameters" (of the rule, or of a baseline policy).
        places: (n,) integers: which entries of the target's flat vector the genes fill, in order.
        levels: 0 for real places, else how many values a categorical one can take.
        centre: where the search starts, for all or (n,) for each.
        spread: of the first population: the standard deviation of real genes, > 0; of categorical ones the chance to be
            any of the levels, in ]0, 1], and not the centre.
        low, high: real places are clipped to this range when an individual is grown.
        basis: (n, genes) float64, or None for a gene per place.
    """

    name: str
    target: str
    places: np.ndarray
    levels: int = 0
    centre: float | np.ndarray = 0.0
    spread: float = 1.0
    low: float = -np.inf
    high: float = np.inf
    basis: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.places) if self.basis is None else self.basis.shape[1]

    def __str__(self) -> str:
        bounds = "" if np.isinf(self.low) and np.isinf(self.high) else f", in [{self.low:g}, {self.high:g}]"
        middle = f"{self.centre:g}" if np.ndim(self.centre) == 0 else "the value configured"
        if self.basis is not None:
            cells = f"x {self.levels} states" if self.levels else f"real around {middle}{bounds}"
            first = f"first drawn from N(0, {self.spread:g})"
            return f"{len(self)} coefficients, {first}, for {len(self.places)} {cells}"
        if self.levels:
            first = "" if self.spread >= 1 else f", first as configured but for {self.spread:.0%}"
            return f"{len(self)} x {self.levels} states{first}"
        return f"{len(self)} real, first drawn from N({middle}, {self.spread:g}){bounds}"

    @property
    def kind(self) -> "Genes":
        """How the genes themselves are searched: as they are, or as coefficients around 0 without bounds."""
        return self if self.basis is None else Genes(self.name, self.target, self.places, spread=self.spread)

    def fill(self, genomes: np.ndarray) -> np.ndarray:
        """What these genes (n, genes) fill their places with, (n, places) float64."""
        if self.basis is None:
            return np.clip(genomes, self.low, self.high)
        field = np.zeros((len(genomes), len(self.places)))
        for gene, shape in zip(genomes.T, self.basis.T, strict=True):
            field += gene[:, None] * shape  # not a product of matrices: BLAS rounds otherwise for another n
        if not self.levels:
            return np.clip(self.centre + field, self.low, self.high)
        deviation = self.spread * np.sqrt(np.square(self.basis).sum(axis=1))  # of each place in the first population
        return np.searchsorted(_quantiles(self.levels), field / deviation).astype(np.float64)


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
        for genes in self.slices:
            if genes.basis is not None and (genes.basis.ndim != 2 or len(genes.basis) != len(genes.places)):
                raise ValueError(
                    f"{genes.name}: expected a basis of shape ({len(genes.places)}, genes), got {genes.basis.shape}"
                )
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
        return np.concatenate([np.full(len(genes), getattr(genes.kind, field), dtype) for genes in self.slices])

    def describe(self) -> str:
        """One line a slice: which genes fill what."""
        lines, start = [], 0
        for genes in self.slices:
            lines.append(f"genes {start}..{start + len(genes) - 1}  {genes.name}: {genes}")
            start += len(genes)
        return "\n".join(lines)

    def sample(self, generator: np.random.Generator, count: int) -> np.ndarray:
        """`count` genomes of the first population, (count, len(self)) float64; see `Genes.spread`."""
        genomes = self.centre + self.spread * generator.standard_normal((count, len(self)))
        categorical = self.levels > 0
        centre, spread = self.centre[categorical], self.spread[categorical]
        drawn = generator.integers(0, self.levels[categorical], (count, len(centre)))
        if (spread < 1).any():
            drawn = np.where(generator.random(drawn.shape) < spread, drawn, centre)
        genomes[:, categorical] = drawn
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
        start = 0
        for genes in self.slices:
            grown[genes.target][:, genes.places] = genes.fill(genomes[:, start : start + len(genes)])
            start += len(genes)
        return grown["initial_state"], grown["parameters"]


# --- bases of indirect genomes ---------------------------------------------------------------------------------------
# Columns are orthogonal, and so scaled that coefficients from N(0, s) give cells of variance s^2, in the mean over all
# cells: as direct genes from N(0, s) do.


def cosine(shape: tuple[int, ...], coefficients: int) -> np.ndarray:
    """The basis of the lowest frequencies of the cosine transform DCT-II, (cells, coefficients) float64.

    Frequencies come in the order of (u / height)^2 + (v / width)^2, where u and v are the half-waves down and across;
    among equals, the lower u first. Channels are transformed apart and take turns: the first frequency of each channel,
    then the second of each. With as many coefficients as cells the basis spans all programs.

    Args:
        shape: of the region that is filled in reading order: (cells,), (channels, cells) or (channels, height, width).
        coefficients: 1..cells.
    """
    channels, height, width = {1: (1, 1, *shape), 2: (shape[0], 1, shape[-1])}.get(len(shape), shape)
    u, v = (axis.ravel() for axis in np.indices((height, width)))
    order = np.lexsort((u, (u * width) ** 2 + (v * height) ** 2))[: -(-coefficients // channels)]
    down, across = _waves(height, u[order]), _waves(width, v[order])
    waves = np.sqrt(height * width) * (down[:, None] * across[None]).reshape(height * width, -1)
    basis = np.zeros((channels, height * width, coefficients))
    for channel in range(channels):
        own = basis[channel, :, channel::channels]
        own[...] = waves[:, : own.shape[1]] / np.sqrt(max(1, own.shape[1]))
    return basis.reshape(-1, coefficients)


def embedding(cells: int, coefficients: int, generator: np.random.Generator) -> np.ndarray:
    """The basis of a random subspace, all being equally likely: (cells, coefficients) float64."""
    columns, triangle = np.linalg.qr(generator.standard_normal((cells, coefficients)))
    columns *= np.sign(np.diag(triangle)) * np.sqrt(cells / coefficients)  # the signs of a QR are LAPACK's choice
    return np.round(columns, 10)  # and so are its last bits


def _waves(cells: int, frequencies: np.ndarray) -> np.ndarray:
    """Cosines of DCT-II, of unit length and orthogonal: (cells, frequencies)."""
    waves = np.cos(np.pi * np.outer(np.arange(cells) + 0.5, frequencies) / cells)
    return waves * np.sqrt(np.where(frequencies, 2.0, 1.0) / cells)


def _quantiles(levels: int) -> np.ndarray:
    """Where the standard normal distribution is cut into `levels` parts of equal probability, (levels - 1,)."""
    return np.array([NormalDist().inv_cdf(level / levels) for level in range(1, levels)])
