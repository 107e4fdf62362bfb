"""A policy on tracks at will: how far it came, its time beside the reference driver's, and accidents."""

import numpy as np
import pytest

from emergent.model_file import ModelFile
from emergent.policy import EmergentPolicy
from emergent.tasks import Driving, Environment, driving_of
from emergent.tasks.laps import drive, lap_scores
from emergent.verbs import parameters
from envs.limits import Limits
from envs.reference import reference
from envs.track import TrackError, load

BOX = {"low": [-1.0, -1.0], "high": [1.0, 1.0]}


@pytest.fixture(scope="module")
def careful_model(baseline):
    """The hand-written driver: slow, and never an accident."""
    plan = baseline("lidar_driver")
    return ModelFile(plan, np.zeros(0, np.float32), parameters(plan.template), np.zeros(7))


@pytest.fixture(scope="module")
def careful(careful_model):
    """It as a policy."""
    return EmergentPolicy(careful_model, BOX)


@pytest.fixture(scope="module")
def reckless(baseline):
    """Full throttle, straight ahead."""
    plan = baseline("linear")
    constants = np.zeros_like(parameters(plan.template))
    policy = EmergentPolicy(ModelFile(plan, np.zeros(0, np.float32), constants, np.zeros(len(constants))), BOX)
    policy.actions = lambda outputs: np.tile(np.float32([0.0, 1.0]), (len(outputs), 1))
    return policy


def test_laps_that_are_finished_have_a_time(careful, ring):
    [one] = drive(Driving(), careful, [ring])
    assert one == ("ring", one.score, 1.0, one.time, one.reference_time, False, "")
    best = reference(ring, Limits())
    assert one.reference_time == best.first[-1] == best.time_of(1)
    assert one.ratio == one.time / one.reference_time > 1.0
    assert one.score == pytest.approx(1 / one.ratio, rel=0.02), "the way is a lap and the step that ended it"
    [two] = drive(Driving(), careful, [ring], laps=2)
    assert two.share == 1.0
    assert two.reference_time == pytest.approx(one.reference_time + best.lap_time)
    assert one.time < two.time < 2 * one.time, "the second begins at full speed"


def test_laps_that_are_not_finished_have_a_share(careful, ring):
    [late] = drive(Driving(), careful, [ring], time_limit=6.0)
    assert (late.time, late.ratio, late.accident) == (None, None, False)
    assert 0.1 < late.share < 0.5
    [later] = drive(Driving(), careful, [ring], time_limit=6.0, laps=2)
    assert later.share == pytest.approx(late.share / 2)
    [short] = drive(Driving(), careful, [ring], time_factor=6.0 / late.reference_time)
    assert short == late


def test_scores_of_laps_are_of_one_lap_each(careful_model, careful):
    """Against whole drives through gymnasium, of one lap and of two."""
    task = Driving(test_tracks=3)
    scores = lap_scores(task, careful_model, 2, seed=0)
    for i, track in enumerate(task.tracks("test")):
        [one], [two] = (list(drive(task, careful, [track], laps=laps)) for laps in (1, 2))
        second = (two.reference_time - one.reference_time) / (two.time - one.time)
        assert scores[:, i] == pytest.approx([one.reference_time / one.time, second])


def test_a_lap_that_was_not_finished_has_no_score(baseline):
    plan = baseline("linear")
    still = ModelFile(plan, np.zeros(0, np.float32), np.zeros_like(parameters(plan.template)), np.zeros(22))
    assert np.isnan(lap_scores(Driving(test_tracks=3), still, 2, seed=0)).all()


def test_an_accident_is_one(reckless, ring):
    [crash] = drive(Driving(), reckless, [ring])
    assert crash.accident
    assert (crash.time, crash.ratio) == (None, None)
    assert 0.0 < crash.share < 0.3
    assert 0.0 < crash.score < crash.share, "it is held against the whole time limit"


def test_tracks_are_named_as_anywhere_and_turned_as_asked(careful):
    settings = {"reverse": True, "scale": 1.2, "time_limit": 1.0}
    driven = list(drive(Driving(reverse=False), careful, [3, "4", load(5)], **settings))
    names = ["loops-3 x1.2 reversed", "mazes-4 x1.2 reversed", "straights-5"]
    assert [laps.track for laps in driven] == names, "a track that is one already stays as it is"


def test_the_car_is_the_tasks(reckless, ring):
    slow = Driving(limits={"top_speed": 6.0})
    [laps] = drive(slow, reckless, [ring], time_limit=2.0)
    assert laps.share * ring.length < 6.0 * 2.0
    blocked = list(drive(Driving(obstacles=1), reckless, [20_000], time_limit=8.0))
    assert blocked[0].track == "straights-20000"


def test_the_noise_of_a_track_does_not_depend_on_what_else_is_driven(baseline):
    plan = baseline("random_actions")
    policy = EmergentPolicy(ModelFile(plan, np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(0)), BOX)
    alone = list(drive(Driving(), policy, [4], 7))
    assert list(drive(Driving(), policy, [3, 4], 7))[1:] == alone
    assert list(drive(Driving(), policy, [4], 8)) != alone


@pytest.mark.parametrize("name", ["Oschersleben", "BrandsHatch"])
def test_a_real_circuit(test_data, careful, name):
    [laps] = drive(Driving(), careful, [test_data / "tracks" / f"{name}.csv"], time_factor=3.0)
    assert laps.track == name
    assert laps.share == 1.0
    assert 1.0 < laps.ratio < 3.0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"laps": 0}, r"laps: expected 1\.\.1000, or None, got 0"),
        ({"time_limit": 0.0}, "time_limit: expected"),
        ({"time_factor": 0.0}, r"time_factor: expected a number above 0, got 0\.0"),
        ({"time_factor": float("nan")}, "time_factor"),
    ],
)
def test_settings_out_of_range_are_refused(careful, ring, settings, words):
    with pytest.raises(ValueError, match=words):
        list(drive(Driving(), careful, [ring], **settings))
    with pytest.raises(TrackError, match="scale above 0"):
        list(drive(Driving(), careful, [3], scale=0.0))


def test_a_model_of_another_task_has_no_tracks(blueprint):
    made = blueprint("grid", inputs=4)
    task = Environment(id="CartPole-v1", bounds=[(-2.4, 2.4), (-3, 3), (-0.21, 0.21), (-3, 3)])
    model = ModelFile.grown(made, np.zeros(len(made.layout)), {"task": task.model_dump(mode="json")})
    with pytest.raises(ValueError, match="expected a model that drives the toy car, got one trained for CartPole-v1"):
        driving_of(model)
    assert driving_of(ModelFile.grown(made, np.zeros(len(made.layout)), {})) == Driving()
