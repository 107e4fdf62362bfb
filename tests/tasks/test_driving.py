"""The driving task: disjoint families of tracks, a third of each kind, and the plain path over the same tracks."""

import numpy as np
import pytest

from emergent import commands, model_file
from emergent.tasks import task_of
from emergent.tasks.driving import Driving
from emergent.view.stage import stage
from envs.families import FAMILIES


def test_training_selection_and_test_share_no_track():
    task = Driving(training_tracks=10_000, selection_tracks=10_000, test_tracks=10_000)
    families = [set(task.tracks(purpose)) for purpose in ("training", "selection", "test")]
    assert len(set.union(*families)) == 30_000


def test_a_block_draws_as_even_a_share_of_each_family_as_can_be_and_only_training_tracks():
    task = Driving(training_tracks=9)
    for block in range(5):
        drawn = task._drawn(0, block, 7)
        assert sorted(np.bincount(np.array(drawn) % 3)) == [2, 2, 3]
        assert len(set(drawn)) == 7, "no track twice while there are others"
        assert set(drawn) <= set(task.tracks("training"))
    assert len(task._drawn(0, 0, 30)) == 30, "more episodes than tracks: some come again"


def test_blocks_and_roots_draw_different_tracks():
    task = Driving()
    draws = {tuple(task._drawn(root, block, 6)) for root in range(4) for block in range(4)}
    assert len(draws) == 16


def test_a_third_of_the_test_tracks_are_of_each_family():
    task = Driving(test_tracks=6)
    names = [environment.unwrapped.track.family for environment, _ in task.environments(task.test())]
    assert names == [FAMILIES[seed % 3] for seed in task.tracks("test")]
    assert sorted(names) == sorted([*FAMILIES, *FAMILIES])


def test_the_centre_line_never_beats_the_reference():
    scores = Driving(test_tracks=6).centre_line_scores()
    assert scores.shape == (6,)
    assert (scores < 1).all()
    assert (scores > 0.5).all()


def test_a_reversed_task_drives_the_same_tracks_the_other_way_round():
    plain, back = (Driving(test_tracks=3, time_limit=1.0, reverse=reverse) for reverse in (False, True))
    one, other = plain.test(), back.test()
    assert one.episodes == other.episodes
    np.testing.assert_allclose(one.record.lengths, other.record.lengths)
    turned = np.abs(one.record.starts[:, 2] - other.record.starts[:, 2])
    np.testing.assert_allclose(turned % (2 * np.pi), np.pi, atol=0.2)
    for i, (environment, _) in enumerate(back.environments(other)):
        environment.reset()
        assert environment.track.name.endswith("reversed")
        np.testing.assert_array_equal(environment.body[[0, 1, 2]], other.record.starts[i])
        np.testing.assert_array_equal(environment.world.pace[0], other.record.pace[i])


@pytest.mark.parametrize(
    "settings", [{"reverse": True}, {"obstacles": 2}, {"discrete": True}, {"previous_scan": True, "beams": 5}]
)
def test_every_setting_goes_through_training_evaluation_verification_and_replay(tmp_path, settings):
    sizes = {"time_limit": 2.0, "training_tracks": 3, "selection_tracks": 3, "test_tracks": 3}
    run = commands.train(
        "linear", name="small", root=tmp_path, task=sizes | settings, search={"population": 4, "generations": 2},
        evaluation={"episodes": 3, "select_every": 1},
    )  # fmt: skip
    model = model_file.load(run.model)
    assert settings.items() <= model.about["task"].items()
    tested = model.about["scores"]["test"]
    assert commands.evaluate(run.path).score.tolist() == tested["score"]
    assert commands._verify(run.model, []).differing == {}, "what `verify` does, in this process"
    [laps] = commands.evaluate_on(run.path, [20_000], time_limit=1.0)
    assert 0 < laps.share < 1
    shown = stage(model)
    while not shown.scene.over:
        shown.player.tick(0.1)
    world = task_of(model).test()
    assert shown.scene._env.track.name.startswith(f"{FAMILIES[world.episodes[0] % 3]}-{world.episodes[0]}")
    assert shown.scene._info["score"] == tested["score"][0]
    shown.scene.close()


@pytest.mark.parametrize(
    ("settings", "inputs", "outputs"),
    [({}, 10, 2), ({"beams": 5, "previous_scan": True}, 11, 2), ({"discrete": True}, 10, 9)],
)
def test_what_a_model_must_fit_is_what_the_environment_has(settings, inputs, outputs):
    task = Driving(**settings, test_tracks=3)
    assert (len(task.low), len(task.high), task.outputs) == (inputs, inputs, outputs)
    environment, _ = next(task.environments(task.test()))
    assert environment.observation_space.shape == (inputs,)
