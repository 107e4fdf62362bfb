"""Hill climbing: who steps where, who starts anew, and what is refused."""

import numpy as np
import pytest

from emergent.genome import Genes, Layout
from emergent.search import make


def layout(genes: int = 6) -> Layout:
    return Layout([Genes("cells", "initial_state", np.arange(genes), levels=3)], np.zeros(genes), np.zeros(0))


def test_mutants_differ_from_where_their_climber_stands():
    optimizer = make("hill_climber", layout(), 12, 1, climbers=3, patience=50)
    standing = optimizer.ask()[::4]
    optimizer.tell(np.tile([9.0, 0, 0, 0], 3))
    for _ in range(20):
        mutants = optimizer.ask().reshape(3, 4, 6)
        assert (mutants != standing[:, None]).any(axis=2).all()
        optimizer.tell(np.zeros(12))  # worse than where they stand: nobody moves


def test_climbers_never_step_down_and_drift_among_equals():
    optimizer = make("hill_climber", layout(), 2, 1, climbers=1, patience=50)
    optimizer.tell(np.array([1.0, 0.0]) + 0 * optimizer.ask()[:, 0])
    equal = optimizer.ask()
    optimizer.tell(np.array([0.5, 1.0]))
    close = optimizer.ask()
    assert optimizer.metrics() == {"starts": 0.0, "height": 1.0}
    assert ((close != equal[1]).sum(axis=1) < 6).all()  # mutants of the equal one
    optimizer.tell(np.array([0.0, 0.0]))
    assert optimizer.metrics()["height"] == 1.0


def test_who_has_not_risen_starts_anew_and_forgets_where_it_stood():
    optimizer = make("hill_climber", layout(), 2, 1, climbers=2, patience=2)
    starts = []
    for fitness in ([5, 5], [5, 6], [5, 6], [1, 6], [0, 7]):  # equal is no rise
        optimizer.ask()
        optimizer.tell(np.array(fitness, float))
        starts.append(optimizer.metrics()["starts"])
    assert starts == [0, 0, 1 / 2, 1 / 2, 0]
    assert optimizer.metrics()["height"] == (1 + 7) / 2 or optimizer.metrics()["height"] == (0 + 7) / 2


def test_a_population_is_shared_evenly():
    with pytest.raises(ValueError, match="that 4 climbers can share evenly, got 10; change one"):
        make("hill_climber", layout(), 10, 1, climbers=4)
    assert "1 climbers with 7 mutants" in make("hill_climber", layout(), 7, 1).describe()
    assert "2 climbers with 10 mutants" in make("hill_climber", layout(), 20, 1).describe()
