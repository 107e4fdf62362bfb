"""Each method reaches known optima within a stated number of evaluations, and far beyond what random search finds."""

import numpy as np
import pytest

from emergent.genome import Genes, Layout
from emergent.search import make

TARGET = np.random.Generator(np.random.Philox(key=11)).standard_normal(20)
WORD = np.random.Generator(np.random.Philox(key=12)).integers(0, 4, 20)


def real() -> Layout:
    return Layout([Genes("cells", "initial_state", np.arange(20))], np.zeros(20), np.zeros(0))


def bits() -> Layout:
    return Layout([Genes("cells", "initial_state", np.arange(100), levels=2)], np.zeros(100), np.zeros(0))


def mixed() -> Layout:
    slices = [Genes("table", "parameters", np.arange(20)), Genes("cells", "initial_state", np.arange(20), levels=4)]
    return Layout(slices, np.zeros(20), np.zeros(20))


def sphere(genomes: np.ndarray) -> np.ndarray:
    return -np.square(genomes[:, :20] - TARGET).sum(axis=1)


def ones(genomes: np.ndarray) -> np.ndarray:
    return genomes.sum(axis=1)


def sphere_and_word(genomes: np.ndarray) -> np.ndarray:
    return sphere(genomes) + (genomes[:, 20:] == WORD).sum(axis=1)


def rastrigin(genomes: np.ndarray) -> np.ndarray:
    """As the sphere, with a dent at every distance of a whole number: in each direction, many local optima."""
    ripples = 1.0 - np.cos(2.0 * np.pi * (genomes[:, :20] - TARGET))
    return sphere(genomes) - 0.5 * ripples.sum(axis=1)


def best_of(name: str, layout: Layout, problem, population: int, generations: int, seed: int, **given) -> float:
    optimizer, best = make(name, layout, population, seed, **given), -np.inf
    for _ in range(generations):
        fitness = problem(optimizer.ask())
        best = max(best, fitness.max())
        optimizer.tell(fitness)
    return float(best)


# method and options, layout, problem, population, generations, reached by every seed
PROBLEMS = {
    "bayesian sphere": ("bayesian", {"memory": 150}, real, sphere, 16, 24, -6.5),
    "bayesian rastrigin": ("bayesian", {"memory": 150}, real, rastrigin, 16, 28, -15.5),
    "cma_es sphere": ("cma_es", {}, real, sphere, 16, 250, -1e-6),
    "cma_es sphere, diagonal": ("cma_es", {"diagonal": True}, real, sphere, 16, 200, -1e-6),
    "genetic sphere": ("genetic", {}, real, sphere, 32, 200, -0.1),
    "genetic sphere, adapted": ("genetic", {"adapt_scale": True, "mutation_rate": 0.3}, real, sphere, 32, 200, -1e-3),
    "genetic sphere, plus": ("genetic", {"replacement": "plus"}, real, sphere, 32, 200, -0.1),
    "genetic ones": ("genetic", {}, bits, ones, 64, 80, 100.0),
    "genetic ones, k-point": ("genetic", {"crossover": "k_point"}, bits, ones, 64, 80, 99.0),
    "genetic ones, truncation": ("genetic", {"selection": "truncation"}, bits, ones, 64, 80, 100.0),
    "hill_climber sphere": ("hill_climber", {"climbers": 2, "mutation_rate": 0.1}, real, sphere, 32, 200, -0.1),
    "hill_climber ones": ("hill_climber", {"climbers": 4}, bits, ones, 64, 80, 99.0),
    "hill_climber mixed": ("hill_climber", {"climbers": 4}, mixed, sphere_and_word, 64, 150, 19.5),
    "genetic mixed": ("genetic", {}, mixed, sphere_and_word, 64, 150, 19.8),
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_the_optimum_is_reached_far_beyond_random_search(problem):
    name, given, layout, fitness_of, population, generations, reached = PROBLEMS[problem]
    for seed in range(1 if name == "bayesian" else 4):  # a generation of it takes as long as a hundred of the others
        ours = best_of(name, layout(), fitness_of, population, generations, seed, **given)
        random = best_of("random_search", layout(), fitness_of, population, generations, seed)
        assert ours >= reached
        assert reached - random > 0.15 * abs(reached - 100.0 if fitness_of is ones else 20.0)


def test_drift_on_plateaus_finds_the_rare_step():
    """Pairs of bits count only when both are set, so most mutations change nothing, and drifting is what helps."""

    def pairs(genomes: np.ndarray) -> np.ndarray:
        return (genomes[:, 0::2] * genomes[:, 1::2]).sum(axis=1)

    assert min(best_of("genetic", bits(), pairs, 64, 150, seed) for seed in range(3)) >= 49.0
