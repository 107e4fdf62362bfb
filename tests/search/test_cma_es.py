"""Our CMA-ES is pycma's, made fit for us: bounds, restarts, covariance, and silence."""

import numpy as np
import pytest

from emergent.genome import Genes, Layout
from emergent.search import make
from emergent.search.cma_es import CMAES, fold


def layout_of(genes: int, centre=0.0, spread=1.0, low=-np.inf, high=np.inf) -> Layout:
    slices = [Genes("cells", "initial_state", np.arange(genes), 0, centre, spread, low, high)]
    return Layout(slices, np.zeros(genes), np.zeros(0))


def search(optimizer, fitness_of, generations: int) -> float:
    best = -np.inf
    for _ in range(generations):
        fitness = fitness_of(optimizer.ask())
        best = max(best, fitness.max())
        optimizer.tell(fitness)
    return best


def test_categorical_genes_are_refused_and_the_genetic_algorithm_is_named():
    layout = Layout([Genes("cells", "initial_state", np.arange(3), levels=4)], np.zeros(3), np.zeros(0))
    with pytest.raises(ValueError, match='3 of 3 are categorical: use the genetic algorithm, "genetic"'):
        make("cma_es", layout, 10, 0)


def test_the_first_generation_is_sampled_as_the_layout_says():
    genomes = make("cma_es", layout_of(50, centre=3.0, spread=0.5), 200, 1).ask()
    standard = (genomes - 3.0) / 0.5
    assert abs(standard.mean()) < 5.0 / np.sqrt(standard.size)
    assert abs(standard.std() - 1.0) < 5.0 / np.sqrt(2 * standard.size)


def test_the_scale_of_genes_does_not_matter():
    """The same steps in units of each gene's spread: a search of scaled genes is the scaled search."""
    small, large = make("cma_es", layout_of(6), 10, 2), make("cma_es", layout_of(6, 512.0, 1024.0), 10, 2)
    for _ in range(20):
        ours, theirs = small.ask(), large.ask()
        assert np.array_equal(theirs, 512.0 + 1024.0 * ours)
        fitness = -np.square(ours - 1.0).sum(axis=1)
        small.tell(fitness)
        large.tell(fitness)


def test_the_favourite_is_the_mean_and_beats_samples_under_noise():
    optimizer = make("cma_es", layout_of(10, centre=2.0), 20, 3)
    assert np.array_equal(optimizer.favourite(), np.full(10, 2.0))
    noise = np.random.Generator(np.random.Philox(key=4))
    search(optimizer, lambda genomes: -np.square(genomes).sum(axis=1) + noise.standard_normal(20), 150)
    samples = np.square(optimizer.ask()).sum(axis=1)
    assert np.square(optimizer.favourite()).sum() < np.median(samples)
    assert np.square(optimizer.favourite()).sum() < 0.5


def test_a_full_covariance_learns_rotations_that_a_diagonal_cannot():
    rotation = np.linalg.qr(np.random.Generator(np.random.Philox(key=5)).standard_normal((10, 10)))[0]
    axes = 10.0 ** np.linspace(0.0, 4.0, 10)

    def ellipsoid(genomes: np.ndarray) -> np.ndarray:
        return -(np.square((genomes - 1.0) @ rotation) * axes).sum(axis=1)

    full, diagonal = (make("cma_es", layout_of(10), 16, 6, diagonal=kind) for kind in (False, True))
    assert search(full, ellipsoid, 200) > -1e-6  # within 3,200 evaluations
    assert search(diagonal, ellipsoid, 200) < -0.1
    assert full.metrics()["axis_ratio"] == pytest.approx(100.0, rel=0.3)  # as the problem's own
    assert diagonal.metrics()["axis_ratio"] < 10.0


def test_auto_is_diagonal_above_300_genes():
    assert "full" in make("cma_es", layout_of(300), 8, 0).describe()
    assert "diagonal" in make("cma_es", layout_of(301), 8, 0).describe()
    assert "full" in make("cma_es", layout_of(301), 8, 0, diagonal=False).describe()


# --- restarts --------------------------------------------------------------------------------------------------------


def flat(genomes: np.ndarray) -> np.ndarray:
    return np.zeros(len(genomes))


def test_a_flat_run_is_restarted_from_a_fresh_mean_with_the_same_population():
    optimizer = make("cma_es", layout_of(4, centre=5.0), 10, 1, plateau=3)
    means = []
    for _ in range(30):
        assert optimizer.ask().shape == (10, 4)
        optimizer.tell(np.zeros(10))
        assert optimizer.stop() == {}
        if optimizer.metrics()["restarts"] > len(means):
            means.append(optimizer.favourite())
            assert optimizer.metrics()["sigma"] == 1.0
    assert len(means) == 7  # every fourth generation of zeros ends a run
    distances = [np.abs(a - b).max() for i, a in enumerate(means) for b in means[:i]]
    assert min(distances) > 0.1
    assert np.abs(np.array(means) - 5.0).max() < 5.0


def test_without_restarts_it_says_why_it_stops_and_can_go_on():
    optimizer = make("cma_es", layout_of(4), 10, 1, plateau=3, restarts=False)
    search(optimizer, flat, 2)
    assert optimizer.stop() == {}
    search(optimizer, flat, 2)
    assert optimizer.stop()["tolflatfitness"] == 3.0
    assert optimizer.metrics()["restarts"] == 0.0
    search(optimizer, lambda genomes: genomes[:, 0], 1)
    assert optimizer.stop() == {}


def test_restarts_find_what_one_run_misses():
    """Two hills; the search starts on the broad, low one."""

    def hills(genomes: np.ndarray) -> np.ndarray:
        near, far = np.square(genomes).sum(axis=1), np.square(genomes - [1.2, 0.0]).sum(axis=1)
        return np.maximum(-near, 1.0 - 8.0 * far)

    once = [search(make("cma_es", layout_of(2), 6, seed, sigma=0.2, restarts=False), hills, 300) for seed in range(3)]
    again = [search(make("cma_es", layout_of(2), 6, seed, sigma=0.2), hills, 900) for seed in range(3)]
    assert max(once) < 0.1
    assert min(again) > 0.99


# --- bounds ----------------------------------------------------------------------------------------------------------


def test_fold_reflects_at_walls_just_outside_and_clips():
    x = np.array([-1.05, -1.1, -1.3, -5.0, 0.2, 1.04, 1.2, 3.0, 7.0, -1e6])
    # walls at -1.1 and 1.1, 2.2 apart
    expected = [-1.0, -1.0, -0.9, -0.6, 0.2, 1.0, 1.0, -0.8, -0.4]
    assert fold(x, layout_of(10, low=-1.0, high=1.0))[:9] == pytest.approx(expected)
    assert fold(x, layout_of(10, low=-1.0)) == pytest.approx([-1.0, -1.0, -0.9, 2.8, *x[4:9], 999997.8])
    assert fold(x, layout_of(10, high=1.0))[5:] == pytest.approx([1.0, 1.0, -0.8, -4.8, -1e6])
    assert np.array_equal(fold(x, layout_of(10)), x)
    assert np.array_equal(fold(x, layout_of(10, low=0.5, high=0.5)), np.full(10, 0.5))


def test_fold_changes_nothing_inside_and_gives_only_what_is_inside():
    layout = layout_of(1000, spread=3.0, low=-1.0, high=2.0)
    x = np.random.Generator(np.random.Philox(key=7)).normal(0.0, 5.0, (5, 1000))
    folded, inside = fold(x, layout), (x >= -1.0) & (x <= 2.0)
    assert np.array_equal(folded[inside], x[inside])
    assert folded.min() == -1.0
    assert folded.max() == 2.0


def test_optima_on_the_bounds_are_reached_exactly_and_left_again():
    """Clipping alone fails the second half: the mean is far outside by then, where nothing leads back."""
    corner, inside = np.where(np.arange(20) % 2, 1.0, -1.0), np.linspace(-0.8, 0.8, 20)
    optimizer = make("cma_es", layout_of(20, low=-1.0, high=1.0), 16, 8)
    assert search(optimizer, lambda genomes: (genomes * corner).sum(axis=1), 80) == 20.0
    assert search(optimizer, lambda genomes: -np.square(genomes - inside).sum(axis=1), 150) > -1e-2
    assert np.abs(optimizer.favourite() - inside).max() < 0.1


def test_nothing_is_printed_written_or_warned(capfd, tmp_path, monkeypatch, recwarn):
    monkeypatch.chdir(tmp_path)
    optimizer = make("cma_es", layout_of(5), 8, 0, plateau=2)
    search(optimizer, flat, 12)
    search(optimizer, lambda genomes: -np.square(genomes).sum(axis=1), 200)
    assert isinstance(optimizer, CMAES)
    assert capfd.readouterr() == ("", "")
    assert not list(tmp_path.iterdir())
    assert not recwarn.list
