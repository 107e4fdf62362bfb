"""Regression: disjoint points, a score that is R2, the plain path bit by bit; what cannot be learnt is refused."""

import numpy as np
import pytest

from emergent import commands
from emergent.config import ConfigError, read
from emergent.policy import EmergentPolicy
from emergent.tasks.plain import live
from emergent.tasks.regression import Regression
from emergent.training.evaluation import Evaluator
from emergent.view.scenes import scene

SUM = {"name": "regression", "expressions": ["x1 + x2", "x1 - x2"], "span": 2, "points": 4}
SMALL = SUM | {"selection_episodes": 2, "test_episodes": 5}
MACHINE = {
    "space": {"name": "grid", "height": 8, "width": 4, "boundary": "edge"},
    "rule": {"name": "convolution", "activation": "identity", "dt": 0.5, "leak": 0.0, "weight_spread": 1.0},
    "encoder": {"name": "injection", "at": [[1, 0], [3, 0]], "constant": None},
    "halting": {"name": "threshold", "at": [[5, 3]], "level": 0.7, "damping": 0.3, "max_steps": 40},
    "decoder": {"name": "readout", "at": [[1, 3], [3, 3]]},
    "train_rule": True,
}


def test_training_selection_and_test_share_no_point():
    task = Regression(**SUM)
    worlds = [task.training(0, 0, 20), task.training(0, 1, 20), task.training(1, 0, 20), task.selection(), task.test()]
    points = [tuple(point) for world in worlds for point in world.record.inputs.reshape(-1, 2).tolist()]
    assert len(set(points)) == len(points) == 4 * (60 + 64 + 256)


def test_an_episode_hangs_on_its_seed_alone():
    task = Regression(**SUM)
    few, many = task.resized("test", 3).test(), task.test()
    assert many.episodes[:3] == few.episodes
    np.testing.assert_array_equal(many.record.inputs[:3], few.record.inputs)
    np.testing.assert_array_equal(many.record.targets[..., 1], many.record.inputs.astype(float) @ [1, -1])
    assert (task.training(3, 7, 5).record.variance == task.selection().record.variance).all()


def test_the_exact_linear_map_scores_one_and_no_answer_zero():
    config = read({"task": SUM, "model": {"baseline": "linear"}})
    genomes = np.array([[1.0, 1.0, -1.0, 1.0, -1.0, 0.0], [0.0] * 6])  # of inputs scaled to 0..1, then a constant
    record = Evaluator(config, 1).live(genomes, config.task.test(), np.zeros((2, 256), np.uint64))
    assert record.score.mean(axis=1) == pytest.approx([1.0, 0.0], abs=0.02)
    assert record.score[0].min() > 1 - 1e-9


def test_a_machine_that_diverges_lives_alike_on_both_paths():
    """Thoughts that halt, do not, and diverge, the state retained from point to point: all to the last bit."""
    config = read({"task": SMALL, "model": MACHINE | {"retained": True}})
    evaluator, world = Evaluator(config, 1), config.task.test()
    genomes = config.blueprint.layout.sample(np.random.default_rng(3), 12)
    seeds = np.zeros((12, 5), np.uint64)
    compiled = evaluator.live(genomes, world, seeds)
    assert np.isfinite(compiled.reward).all()
    assert len(np.unique(compiled.unhalted)) > 2
    assert (compiled.micro_steps < 40 * compiled.unhalted).any(), "some have diverged before the cap"
    grown = [commands.ModelFile.grown(config.blueprint, genome, {}) for genome in genomes]
    for i, model in enumerate(grown):
        plain = live(config.task, world, EmergentPolicy(model, config.task.action), seeds[i])
        for name, values in plain._asdict().items():
            np.testing.assert_array_equal(values, getattr(compiled, name)[i], err_msg=name)


def test_a_run_is_trained_verified_and_shown(tmp_path):
    search = {"optimizer": "cma_es", "population": 6, "generations": 3}
    run = commands.train(
        {"task": SMALL, "model": MACHINE, "search": search, "evaluation": {"episodes": 3, "unhalted_price": 1}},
        root=tmp_path,
        name="sum",
        workers=1,
    )
    assert commands.verify("sum", root=tmp_path).differing == {}
    shown = scene(commands.open_model(run.path))
    observation, _ = shown.enter(1)
    assert observation.shape == (2,)
    shown.step(np.zeros(2, np.float32))
    assert shown._env.render().shape == (240, 240, 3)
    assert "score" in shown.state()
    shown.close()


@pytest.mark.parametrize(
    ("task", "words"),
    [
        ({"expressions": ["x1 + y"]}, "expressions.*y: no such variable|y: no such variable"),
        ({"expressions": ["1 / x1 if x1 > 2 else log(x1)"]}, "y1 has no finite value somewhere in the box"),
        ({"expressions": ["x1", "3"], "span": 5}, "y2 is the same everywhere"),
        ({"expressions": ["x1 + x2"], "span": 1}, r"span: expected at least 2, the largest \|y1\|, got 1"),
        ({"box": [1, -1]}, r"box: expected two finite numbers, low < high, got \[1.0, -1.0\]"),
        ({"expressions": []}, "expressions"),
        ({"inputs": 1}, "x2: no such variable"),
    ],
)
def test_what_cannot_be_learnt_is_refused(task, words):
    with pytest.raises(ConfigError, match=words):
        read({"task": SUM | task, "model": {"baseline": "linear"}})


def test_an_answer_that_is_none_is_refused():
    environment = Regression(**SUM).make()
    environment.reset(seed=0)
    for action in ([0.0], [np.nan, 0.0]):
        with pytest.raises(ValueError, match=r"action: expected 2 numbers in \[-1, 1\]"):
            environment.step(np.array(action))
