"""Nothing but finite fitness reaches an optimizer, in the right order, and a run of nothing but bad ones is stopped."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from emergent.genome import Genes, Layout
from emergent.search import OPTIMIZERS, BadFitnessError, BadGenerations, make, sanitize

BAD = [
    None,
    float("nan"),
    float("inf"),
    float("-inf"),
    "3.0",
    [1.0],
    ValueError("diverged"),
    1j,
    10**400,
    np.float32("nan"),
]
GOOD = [-2.5, 0, 7, np.float32(1.5), np.int64(-9), True, 1e-300]


def test_good_scores_pass_unchanged():
    fitness, bad = sanitize(GOOD)
    assert bad == 0
    assert fitness.dtype == np.float64
    assert fitness.tolist() == [float(score) for score in GOOD]


@pytest.mark.parametrize("score", BAD, ids=repr)
def test_each_kind_of_bad_score_ranks_last(score):
    fitness, bad = sanitize([1.0, score, -3.0])
    assert bad == 1
    assert fitness.tolist() == [1.0, -7.0, -3.0]  # one range of the good ones below the worst


def test_bad_scores_are_equals_and_below_even_when_all_good_ones_are_equal():
    assert sanitize([5.0, None, 5.0, np.nan])[0].tolist() == [5.0, 0.0, 5.0, 0.0]
    assert sanitize([0.0, None])[0].tolist() == [0.0, -1.0]


def test_a_wholly_bad_generation_favours_none():
    fitness, bad = sanitize(BAD)
    assert bad == len(BAD)
    assert not fitness.any()


def test_an_array_of_scores_is_taken_as_it_is():
    fitness, bad = sanitize(np.array([1.0, np.inf, 2.0]))
    assert (fitness.tolist(), bad) == ([1.0, 0.0, 2.0], 1)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(st.one_of(st.floats(allow_nan=True), st.none(), st.text(max_size=2)), min_size=1, max_size=12))
@example([-1.0, -1.0 + 2.0**-53, None])  # the range drowns in rounding
@example([-1.7e308, 1.7e308, None])
def test_order_is_kept_and_bad_is_strictly_below_good(raw):
    fitness, bad = sanitize(raw)
    good = [i for i, score in enumerate(raw) if isinstance(score, float) and np.isfinite(score)]
    assert np.isfinite(fitness).all()
    assert bad == len(raw) - len(good)
    worst_good = min((fitness[i] for i in good), default=np.inf)
    assert all(fitness[i] < worst_good for i in range(len(raw)) if i not in good)
    for i in good:
        for j in good:
            assert not (raw[i] < raw[j] and fitness[i] > fitness[j])
            if abs(raw[i]) < 1e300 and abs(raw[j]) < 1e300:
                assert (raw[i] < raw[j]) == (fitness[i] < fitness[j])


def test_the_run_stops_after_three_wholly_bad_generations_in_a_row():
    watch = BadGenerations()
    bad = [None, float("nan"), ZeroDivisionError("by zero"), float("nan")]
    for raw in (bad, bad, [1.0, *bad[1:]], bad, bad):  # the good one in between starts the count anew
        watch.watch(raw, sanitize(raw)[1])
    assert watch.in_a_row == 2
    with pytest.raises(BadFitnessError, match=r"3 generations .* 2 x nan, .*1 x ZeroDivisionError\('by zero'\)"):
        watch.watch(bad, 4)
    with pytest.raises(BadFitnessError, match="1 x None"):  # a continued run remembers
        BadGenerations(limit=3, in_a_row=2).watch([None], 1)
    with pytest.raises(ValueError, match="limit of at least 1"):
        BadGenerations(limit=0)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_search_goes_on_among_failures(name):
    """A third of all evaluations fail, in every way there is, and the failed ones are never preferred."""
    layout = Layout([Genes("cells", "initial_state", np.arange(4))], np.zeros(4), np.zeros(0))
    optimizer, found = make(name, layout, 16, 3), -np.inf
    for _ in range(40):
        scores = list(-np.square(optimizer.ask() - 1.0).sum(axis=1))
        scores = [BAD[i % len(BAD)] if i % 3 == 0 else score for i, score in enumerate(scores)]
        fitness, bad = sanitize(scores)
        assert bad == 6
        found = max(found, *(score for i, score in enumerate(scores) if i % 3))
        optimizer.tell(fitness)
    assert (
        found > {"bayesian": -0.1, "cma_es": -1e-3, "genetic": -0.05, "hill_climber": -0.5, "random_search": -2.0}[name]
    )
