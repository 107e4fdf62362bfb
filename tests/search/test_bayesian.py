"""Our Bayesian search is Optuna's, made fit for us: bounded, batched, silent, and continued from its trials alone."""

import json
import logging
import os

import numpy as np
import optuna
import pytest

from emergent.genome import Genes, Layout
from emergent.search import bayesian, make
from emergent.search.bayesian import remembered


def layout_of(genes: int, **settings) -> Layout:
    return Layout([Genes("cells", "initial_state", np.arange(genes), **settings)], np.zeros(genes), np.zeros(0))


def search(optimizer, generations: int) -> np.ndarray:
    """All genomes of some generations, (generations, population, genes); those near 1 are good."""
    asked = []
    for _ in range(generations):
        asked.append(optimizer.ask())
        optimizer.tell(-np.square(asked[-1] - 1.0).sum(axis=1))
    return np.stack(asked)


def test_too_many_genes_are_refused_with_advice():
    with pytest.raises(ValueError, match=r"at most 200, and there are 201: .*encoding=cosine.*cma_es or genetic"):
        make("bayesian", layout_of(201), 8, 0)
    assert make("bayesian", layout_of(201), 8, 0, most_genes=201).ask().shape == (8, 201)


def test_a_gaussian_process_without_its_libraries_names_the_extra(monkeypatch):
    monkeypatch.setattr(bayesian, "find_spec", lambda library: None if library in ("torch", "greenlet") else library)
    with pytest.raises(
        ValueError, match=r"needs torch, greenlet: pip install 'emergent-models\[gp\]', or choose .*tpe"
    ):
        make("bayesian", layout_of(3), 8, 0, sampler="gp")


def test_a_gaussian_process_searches_and_continues_bit_for_bit():
    for library in ("torch", "greenlet"):
        pytest.importorskip(library)
    optimizer = make("bayesian", layout_of(3), 4, 0, sampler="gp", startup=8)
    asked = search(optimizer, 4)
    state = optimizer.state()
    assert np.square(asked[-1] - 1.0).sum(axis=1).min() < np.square(asked[:2] - 1.0).sum(axis=2).min()
    continued = make("bayesian", layout_of(3), 4, 0, sampler="gp", startup=8)
    continued.restore(*state)
    assert search(continued, 2).tobytes() == search(optimizer, 2).tobytes()


# --- where it searches -----------------------------------------------------------------------------------------------


def test_it_begins_with_whole_generations_of_the_layouts_own_distribution():
    layout = layout_of(40, centre=3.0, spread=0.5)
    first = search(make("bayesian", layout, 100, 1, startup=101), 2)
    standard = (first - 3.0) / 0.5
    assert abs(standard.mean()) < 5.0 / np.sqrt(standard.size)
    assert abs(standard.std() - 1.0) < 0.03  # it is cut at 3
    again = search(make("bayesian", layout, 100, 1, startup=200), 2)
    assert np.array_equal(first, again), "of which not the trials count, but the generations"


def test_real_genes_stay_within_the_width_and_their_bounds():
    layout = layout_of(3, centre=0.5, spread=2.0, low=-1.0)
    asked = search(make("bayesian", layout, 30, 2, width=0.75), 4)
    assert asked.min() == -1.0, "a random trial beyond a bound is put on it"
    assert asked.max() == 2.0
    assert -1.0 < asked[2:].min() < asked[2:].max() < 2.0
    assert np.array_equal(
        search(make("bayesian", layout_of(2, low=0.25, high=0.25), 4, 2, startup=4), 3), np.full((3, 4, 2), 0.25)
    )


def test_bounds_that_leave_nothing_to_search_are_refused():
    with pytest.raises(ValueError, match=r"gene 0 is bound to 7\.\.9, which is more than 3 spreads from its centre 0"):
        make("bayesian", layout_of(3, low=7.0, high=9.0), 8, 0)


def test_categories_are_searched_as_categories():
    asked = search(make("bayesian", layout_of(6, levels=5), 16, 0), 12)
    assert np.isin(asked, range(5)).all()
    assert (asked[0] == 1).mean() < 0.3
    assert (asked[-1] == 1).mean() > 0.6


def test_the_genomes_of_a_generation_keep_apart():
    asked = search(make("bayesian", layout_of(2), 16, 0), 10)
    for generation in asked:
        distances = np.linalg.norm(generation[:, None] - generation, axis=2) + np.diag(np.full(16, np.inf))
        assert distances.min() > 1e-4


# --- what it remembers -----------------------------------------------------------------------------------------------


def test_the_best_and_the_latest_are_remembered():
    fitness = np.array([5.0, 1.0, 9.0, 2.0, 9.0, 3.0, 0.0, 4.0])
    assert remembered(fitness, 8).tolist() == list(range(8))
    assert remembered(fitness, 100).tolist() == list(range(8))
    assert remembered(fitness, 4).tolist() == [2, 4, 6, 7]
    assert remembered(fitness, 5).tolist() == [2, 4, 5, 6, 7]
    assert remembered(fitness, 2).tolist() == [4, 7], "among equals the younger"
    assert remembered(fitness[::-1], 4).tolist() == [3, 5, 6, 7]


def test_the_best_of_all_times_are_remembered():
    optimizer = make("bayesian", layout_of(2), 8, 0, startup=800, memory=20)
    told = np.random.default_rng(0).standard_normal((30, 8))
    for fitness in told:
        optimizer.ask()
        optimizer.tell(fitness)
    _, arrays = optimizer.state()
    assert arrays["genomes"].shape == (20, 2)
    assert set(np.sort(told, axis=None)[-10:]) <= set(arrays["fitness"])
    assert told[-1].tolist() == arrays["fitness"][-8:].tolist()
    assert optimizer.metrics()["trials"] == 20.0
    assert np.array_equal(optimizer.favourite(), arrays["genomes"][arrays["fitness"].argmax()])


def test_a_state_of_another_optuna_or_with_other_genomes_is_refused():
    optimizer = make("bayesian", layout_of(2, high=1.0), 4, 0)
    search(optimizer, 2)
    about, arrays = optimizer.state()
    with pytest.raises(ValueError, match=r"is of optuna 4.9, and this is .* install optuna==4.9"):
        optimizer.restore({**about, "optuna": "4.9"}, arrays)
    for outside in (1.5, -4.0):
        with pytest.raises(ValueError, match="damaged: a genome lies outside"):
            optimizer.restore(about, {**arrays, "genomes": np.full((8, 2), outside)})
    optimizer = make("bayesian", layout_of(2, levels=3), 4, 0)
    search(optimizer, 1)
    about, arrays = optimizer.state()
    for outside in (3.0, -1.0, 0.5):
        with pytest.raises(ValueError, match="damaged: a genome lies outside"):
            optimizer.restore(about, {**arrays, "genomes": np.full((4, 2), outside)})


# --- what it leaves alone --------------------------------------------------------------------------------------------


def test_it_says_and_writes_nothing(capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    level = optuna.logging.get_verbosity()
    assert level == logging.INFO, "as its users may want it"
    search(make("bayesian", layout_of(2), 8, 0, startup=8), 3)
    assert optuna.logging.get_verbosity() == level
    assert capfd.readouterr() == ("", "")
    assert os.listdir() == []


def test_a_state_is_as_large_as_what_is_remembered():
    optimizer = make("bayesian", layout_of(30), 16, 0, startup=1600)
    search(optimizer, 60)
    about, arrays = optimizer.state()
    assert len(json.dumps(about)) < 1000
    assert sum(values.nbytes for values in arrays.values()) == 500 * 31 * 8
