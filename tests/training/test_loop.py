"""A run: the same history for any number of workers and any interruption, a champion chosen and tested honestly."""

import json

import numpy as np
import pytest

from emergent import model_file
from emergent.config import read
from emergent.search import BadFitnessError, sanitize
from emergent.training.evaluation import Evaluator
from emergent.training.loop import ReplayError, Run, Silent
from emergent.training.run_directory import RunDirectory

SMALL = {
    "task": {"time_limit": 3.0, "training_tracks": 6, "selection_tracks": 3, "test_tracks": 3},
    "search": {"population": 6, "generations": 9},
    "evaluation": {"episodes": 3, "renew_every": 2, "select_every": 3, "action_noise": 0.1},
}


def small(*changes, **sections):
    return read("retained", changes, **{**SMALL, **sections})


def begin(tmp_path, name, config, **settings):
    return Run(config, RunDirectory.create(tmp_path, name, config.text(), "test"), **settings)


class StopAt(Silent):
    """Stops a run after these generations."""

    def __init__(self, *generations):
        self.generations = generations
        self.notes = []

    def generation(self, run, row, seconds):
        if row["generation"] in self.generations:
            run.stop()

    def note(self, message):
        self.notes.append(message)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    run = begin(tmp_path_factory.mktemp("runs"), "whole", small(), workers=2)
    assert run.go()
    return run


def kept(directory):
    return directory.log.read_bytes(), directory.history.read_bytes()


@pytest.mark.parametrize("workers", [1, 2])
def test_the_log_is_the_same_to_the_byte_for_any_number_of_workers(tmp_path, uninterrupted, workers):
    run = begin(tmp_path, "again", small(), workers=workers)
    assert run.go()
    assert kept(run.directory) == kept(uninterrupted.directory)


@pytest.mark.parametrize("snapshots", [True, False])
def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path, uninterrupted, snapshots):
    config = small()
    directory = RunDirectory.create(tmp_path, "split", config.text(), "test")
    outcomes, seconds = [], []
    for _ in range(5):
        outcomes.append(Run(config, directory, reporter=StopAt(0, 3, 4, 8)).go())
        seconds.append(json.loads(directory.seconds.read_text())["search"])
        if not snapshots:
            for file in directory.snapshots.iterdir():
                file.unlink()
    assert outcomes == [False, False, False, True, True], (
        "the last generation is the end, whether or not it was stopped"
    )
    assert kept(directory) == kept(uninterrupted.directory)
    assert seconds == sorted(seconds), "added up over all that worked on it"
    assert seconds[0] > 0
    ours, whole = (model_file.load(path.model) for path in (directory, uninterrupted.directory))
    assert ours.about == whole.about
    assert (ours.genome == whole.genome).all()


def test_a_torn_log_and_damaged_snapshots_cost_no_more_than_the_last_generation(tmp_path, uninterrupted):
    config = small()
    directory = RunDirectory.create(tmp_path, "torn", config.text(), "test")
    assert not Run(config, directory, reporter=StopAt(4)).go()
    with directory.log.open("r+b") as log:
        log.truncate(directory.log.stat().st_size - 5)
    for file in directory.snapshots.iterdir():
        file.write_bytes(file.read_bytes()[:-20])
    reporter = StopAt()
    assert Run(config, directory, reporter=reporter).go()
    assert kept(directory) == kept(uninterrupted.directory)


def test_the_champion_has_the_best_selection_fitness_of_all_that_were_tried(uninterrupted):
    history = list(uninterrupted.directory.rows())
    held_out = [row["held_out"] for row in history if "held_out" in row]
    assert [row["generation"] for row in history if "held_out" in row] == [2, 5, 8]
    champion = uninterrupted.champion
    model = model_file.load(uninterrupted.directory.model)
    assert held_out[-1] == champion.score == model.about["scores"]["selection"]["score"]
    assert model.about["generation"] == champion.generation
    assert model.about["scores"]["selection"]["fitness"] == champion.fitness
    assert len(model.about["scores"]["test"]["score"]) == 3


def test_another_seed_gives_another_run(tmp_path, uninterrupted):
    run = begin(tmp_path, "other", small("search.generations=1", "seed=1"))
    assert run.go()
    fitness = [
        json.loads(r.directory.log.read_text().splitlines()[0].split(" ", 1)[1])["fitness"]
        for r in (run, uninterrupted)
    ]
    assert fitness[0] != fitness[1]


def test_individuals_of_a_generation_see_the_same_worlds_and_worlds_are_renewed():
    task = small().task
    assert task.training(0, 1, 3).episodes == task.training(0, 1, 3).episodes
    assert task.training(0, 1, 3).episodes != task.training(0, 2, 3).episodes
    assert task.training(0, 1, 3).episodes != task.training(1, 1, 3).episodes


def test_a_log_that_this_machine_does_not_reproduce_is_not_continued(tmp_path):
    config = small()
    directory = RunDirectory.create(tmp_path, "foreign", config.text(), "test")
    Run(config, directory, reporter=StopAt(1)).go()
    for file in directory.snapshots.iterdir():
        file.unlink()
    with pytest.raises(ReplayError, match="comes out differently here"):
        Run(small("seed=3"), directory).go()


def test_a_run_whose_individuals_all_fail_is_stopped_with_everything_logged(tmp_path, monkeypatch):
    monkeypatch.setattr(Evaluator, "fitness", lambda self, genomes, record: np.full(len(genomes), np.nan))
    run = begin(tmp_path, "bad", small())
    with pytest.raises(BadFitnessError, match="3 generations in a row"):
        run.go()
    assert [row["bad"] for row in run.directory.rows()] == [6, 6, 6]


def test_bad_fitness_reaches_no_optimizer(tmp_path, monkeypatch):
    told = []
    real = Evaluator.fitness

    def spoilt(self, genomes, record):
        fitness = real(self, genomes, record)
        if len(fitness) == 6:  # the population's, not the champion's
            fitness[::2] = [np.nan, np.inf, -np.inf]
        return fitness

    config = small("search.generations=2", "search.optimizer=genetic", "search.options={}")
    monkeypatch.setattr(Evaluator, "fitness", spoilt)
    optimizer = type(config.optimizer())
    learn = optimizer._learn
    monkeypatch.setattr(
        optimizer, "_learn", lambda self, genomes, fitness: (told.append(fitness), learn(self, genomes, fitness))
    )
    run = begin(tmp_path, "spoilt", config)
    assert run.go()
    assert len(told) == 2
    for fitness in told:
        assert np.isfinite(fitness).all()
        assert fitness[::2].max() < fitness[1::2].min()
    assert [row["bad"] for row in run.directory.rows()] == [3, 3]
    assert sanitize([None, 1.0])[1] == 1


def test_prices_are_taken_from_the_reward(uninterrupted):
    free = small()
    genomes = free.blueprint.layout.sample(np.random.default_rng(0), 4)
    world = free.task.training(0, 0, 3)
    record = Evaluator(free).live(genomes, world, np.zeros((4, 3), np.uint64))
    assert np.allclose(Evaluator(free).fitness(genomes, record), record.reward.mean(axis=1))
    priced = small("evaluation.micro_step_price=0.01", "evaluation.nonzero_price=0.5", "evaluation.unhalted_price=9")
    fitness = Evaluator(priced).fitness(genomes, record)
    assert np.allclose(fitness, record.reward.mean(axis=1) - 0.01 * 2 - 0.5 * 0.5), (
        "2 micro-steps; one channel of two is 0"
    )
