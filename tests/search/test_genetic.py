"""The operators of the genetic algorithm do what they promise, and the whole finds what can be found."""

import numpy as np
import pytest

from emergent.genome import Genes, Layout
from emergent.randomness import generator
from emergent.search import make
from emergent.search.genetic import best, k_point_mask, mutate, tournament, truncation, uniform_mask


def layout_of(real: int, categorical: int, levels: int = 5, low: float = -np.inf, high: float = np.inf) -> Layout:
    genes = [
        Genes("table", "parameters", np.arange(real), spread=2.0, low=low, high=high),
        Genes("cells", "initial_state", np.arange(categorical), levels=levels),
    ]
    return Layout([slice_ for slice_ in genes if len(slice_)], np.zeros(categorical), np.zeros(real))


def within(hits: int, trials: int, chance: float) -> bool:
    """Whether so many hits are within five standard deviations of a binomial."""
    return abs(hits - trials * chance) <= 5.0 * np.sqrt(trials * chance * (1.0 - chance)) + 1e-9


# --- selection -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 5])
def test_tournament_pressure_is_the_closed_form(size):
    """Rank r of m wins with chance ((m - r)^k - (m - r - 1)^k) / m^k, drawn with replacement."""
    m, count = 7, 20_000
    fitness = np.array([3.0, -1.0, 10.0, 0.5, 2.0, -7.0, 4.0])
    rank = (-fitness).argsort().argsort()
    won = np.bincount(tournament(fitness, size, count, generator(1, "test")), minlength=m)
    for row in range(m):
        chance = ((m - rank[row]) ** size - (m - rank[row] - 1) ** size) / m**size
        assert within(int(won[row]), count, chance)


def test_a_tournament_of_equals_favours_none():
    won = np.bincount(tournament(np.zeros(5), 3, 20_000, generator(2, "test")), minlength=5)
    assert all(within(int(times), 20_000, 0.2) for times in won)


def test_truncation_draws_the_best_share_evenly():
    fitness = np.arange(10.0)[::-1]
    drawn = np.bincount(truncation(fitness, 0.4, 20_000, generator(3, "test")), minlength=10)
    assert all(within(int(times), 20_000, 0.25) for times in drawn[:4])
    assert not drawn[4:].any()
    assert set(truncation(fitness, 0.001, 50, generator(4, "test"))) == {0}


def test_the_best_are_in_order_of_rows_and_the_younger_among_equals():
    assert best(np.array([1.0, 5.0, 1.0, 7.0, 1.0]), 3).tolist() == [1, 3, 4]


# --- crossover -------------------------------------------------------------------------------------------------------


def test_uniform_crossover_mixes_evenly_at_every_gene():
    mask = uniform_mask((4000, 19), generator(5, "test"))
    assert mask.shape == (4000, 19)
    assert mask.dtype == bool
    assert all(within(int(times), 4000, 0.5) for times in mask.sum(axis=0))
    assert within(int((mask[:, 1:] != mask[:, :-1]).sum()), 4000 * 18, 0.5)  # neighbours are independent


@pytest.mark.parametrize("cuts", [1, 2, 3, 6])
def test_k_point_crossover_switches_at_most_k_times(cuts):
    mask = k_point_mask((500, 30), cuts, generator(6, "test"))
    switches = (mask[:, 1:] != mask[:, :-1]).sum(axis=1)
    assert not mask[:, 0].any()
    assert switches.max() == cuts
    assert (switches % 2 == cuts % 2).all()  # coinciding cuts cancel in pairs
    assert not k_point_mask((5, 1), cuts, generator(6, "test")).any()


@pytest.mark.parametrize("crossover", ["uniform", "k_point"])
def test_a_child_has_each_gene_from_the_same_place_of_a_parent(crossover):
    layout = layout_of(8, 4, levels=100)
    optimizer = make(
        "genetic", layout, 40, 3, crossover=crossover, mutation_rate=0, resample_rate=0, elites=0, immigrants=0
    )
    parents = optimizer.ask()
    optimizer.tell(parents[:, 0])
    children = optimizer.ask()
    came_from = (children[:, None, :] == parents[None, :, :]).any(axis=1)
    assert came_from.all()
    mixed = [not (child == parents).all(axis=1).any() for child in children]
    assert 10 < sum(mixed) < 40  # 70 % have two parents, which may be the same


# --- mutation --------------------------------------------------------------------------------------------------------


def test_real_genes_move_by_scale_times_spread_and_only_where_hit():
    layout = layout_of(50, 0)
    genomes, hit = np.zeros((400, 50)), generator(7, "test").random((400, 50)) < 0.3
    scales = np.where(np.arange(400) < 200, 0.1, 1.0)
    mutate(genomes, hit, scales, layout, generator(8, "test"))
    assert np.array_equal(genomes != 0.0, hit)
    for half, scale in ((slice(0, 200), 0.1), (slice(200, 400), 1.0)):
        steps = genomes[half][hit[half]] / (2.0 * scale)  # spread 2
        assert abs(steps.mean()) < 5.0 / np.sqrt(len(steps))
        assert abs(steps.std() - 1.0) < 5.0 / np.sqrt(2 * len(steps))


def test_real_genes_stay_in_their_range():
    layout = layout_of(20, 0, low=-0.5, high=0.25)
    genomes = np.zeros((50, 20))
    mutate(genomes, np.ones((50, 20), bool), np.ones(50), layout, generator(9, "test"))
    assert genomes.min() == -0.5
    assert genomes.max() == 0.25


@pytest.mark.parametrize("levels", [2, 3, 7])
def test_categorical_genes_change_to_any_other_level_alike(levels):
    layout = layout_of(0, 10, levels)
    before = np.tile(np.arange(10.0) % levels, (3000, 1))
    genomes = before.copy()
    mutate(genomes, np.ones((3000, 10), bool), np.ones(3000), layout, generator(10, "test"))
    assert (genomes != before).all()
    assert np.isin(genomes, np.arange(levels)).all()
    shift = ((genomes - before) % levels).astype(int).ravel()
    counts = np.bincount(shift, minlength=levels)
    assert all(within(int(times), 30_000, 1.0 / (levels - 1)) for times in counts[1:])


def test_a_categorical_gene_of_one_level_stays():
    genomes = np.zeros((5, 4))
    mutate(genomes, np.ones((5, 4), bool), np.ones(5), layout_of(0, 4, levels=1), generator(11, "test"))
    assert not genomes.any()


def test_genes_mutate_at_the_stated_rates():
    """From a population of equal parents, whatever differs in a child has mutated."""
    layout = layout_of(30, 30)
    optimizer = make(
        "genetic", layout, 300, 5, mutation_rate=0.2, resample_rate=0.4, elites=1, immigrants=0, truncation=1e-9,
        selection="truncation",
    )  # fmt: skip
    parents = optimizer.ask()
    optimizer.tell(-np.arange(300.0))  # so that the first is the only parent
    children = optimizer.ask()[1:]
    mutated = children != parents[0]
    assert within(int(mutated[:, :30].sum()), 299 * 30, 0.2)
    assert within(int(mutated[:, 30:].sum()), 299 * 30, 0.4)


def test_no_child_is_a_copy_of_a_parent_as_long_as_genes_mutate():
    optimizer = make("genetic", layout_of(6, 6), 100, 5, elites=0, immigrants=0, crossover_rate=0.5)
    parents = optimizer.ask()
    optimizer.tell(parents.sum(axis=1))
    children = optimizer.ask()
    assert not (children[:, None, :] == parents[None, :, :]).all(axis=2).any()


def test_scales_are_inherited_and_vary_only_when_asked_to():
    for adapt in (False, True):
        optimizer = make("genetic", layout_of(10, 0), 50, 5, adapt_scale=adapt, mutation_rate=0.5)
        for _ in range(30):
            optimizer.tell(-np.square(optimizer.ask()).sum(axis=1))
        assert (optimizer.metrics()["mutation_scale"] < 0.2) is adapt


# --- replacement -----------------------------------------------------------------------------------------------------


def test_elites_survive_unchanged_and_immigrants_are_counted():
    optimizer = make("genetic", layout_of(5, 5), 20, 1, elites=3, immigrants=4, crossover_rate=0)
    genomes = optimizer.ask()
    for _ in range(10):
        fitness = genomes.sum(axis=1)
        elites = genomes[best(fitness, 3)]
        optimizer.tell(fitness)
        parents, genomes = genomes, optimizer.ask()
        assert np.array_equal(genomes[:3], elites)
        # a real gene agrees with some parent unless it is new; an immigrant has five that are
        new = ~(genomes[:, None, :5] == parents[None, :, :5]).any(axis=1)
        assert new[3:7].all()
        assert new[7:].all(axis=1).sum() == 0


def test_elites_are_judged_again_each_generation():
    """A lucky elite is lost as soon as its second evaluation is worse."""
    optimizer = make("genetic", layout_of(5, 0), 20, 1, elites=1)
    genomes = optimizer.ask()
    lucky = genomes[7].copy()
    optimizer.tell(np.where(np.arange(20) == 7, 1e6, 0.0))
    genomes = optimizer.ask()
    assert np.array_equal(genomes[0], lucky)
    optimizer.tell(np.where(np.arange(20) == 0, -1.0, np.arange(20.0)))
    assert not (optimizer.ask() == lucky).all(axis=1).any()


def test_plus_asks_the_survivors_again():
    optimizer = make("genetic", layout_of(5, 0), 20, 1, replacement="plus", survivors=8)
    genomes = optimizer.ask()
    for _ in range(5):
        fitness = -np.abs(genomes).sum(axis=1)
        survivors = genomes[best(fitness, 8)]
        optimizer.tell(fitness)
        genomes = optimizer.ask()
        assert np.array_equal(genomes[:8], survivors)


def test_plus_without_reevaluation_asks_only_new_ones_and_never_loses_the_best():
    optimizer = make("genetic", layout_of(5, 0), 20, 1, replacement="plus", survivors=4, reevaluate=False)
    seen = np.empty((0, 5))
    for _ in range(6):
        genomes = optimizer.ask()
        assert not (genomes[:, None, :] == seen[None, :, :]).all(axis=2).any()
        seen = np.concatenate([seen, genomes])
        optimizer.tell(-np.abs(genomes).sum(axis=1))
    kept = optimizer.state()[1]["genomes"]
    top = seen[np.sort(np.argsort(np.abs(seen).sum(axis=1))[:4])]
    assert np.array_equal(kept, top)


def test_options_that_leave_no_room_for_children_are_refused():
    layout = layout_of(5, 0)
    with pytest.raises(ValueError, match="population of 6 with 4 evaluated again and 2 immigrants leaves no row"):
        make("genetic", layout, 6, 1, elites=4, immigrants=2)
    with pytest.raises(ValueError, match="6 evaluated again"):
        make("genetic", layout, 6, 1, replacement="plus", survivors=6, immigrants=0)
    with pytest.raises(ValueError, match="at most 6 survivors, the population, got 7"):
        make("genetic", layout, 6, 1, replacement="plus", survivors=7, reevaluate=False)


def test_diversity_is_zero_for_equals_and_one_level_apart_counts_in_full():
    layout = layout_of(2, 2, levels=4)
    optimizer = make("genetic", layout, 4, 1, elites=0, immigrants=0)
    assert optimizer.metrics() == {}
    genomes = optimizer.ask()
    optimizer.tell(np.zeros(4))
    metrics = optimizer.metrics()
    assert metrics["diversity_real"] == pytest.approx((genomes[:, :2].std(axis=0) / 2.0).mean())
    differ = [genomes[i, gene] != genomes[j, gene] for gene in (2, 3) for i in range(4) for j in range(4)]
    assert metrics["diversity_categorical"] == pytest.approx(np.mean(differ))
