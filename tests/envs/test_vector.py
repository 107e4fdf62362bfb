"""Many cars at once: the same lives as one by one in gymnasium's own vector environment, and its contract."""

import inspect
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from envs.toy_car import ToyCar
from envs.vector import ToyCarVector, _step

CARS = 5
TRACKS = [20_000, 20_001, 20_000, 7, 2]


def actions(discrete, steps, cars=CARS):
    """Some cars leave the road soon, some stay on it until their time is up."""
    draw = np.random.default_rng(1)
    if discrete:
        return draw.choice([4, 5], (steps, cars))
    wild = draw.uniform(-1.5, 1.5, (steps, cars, 2))
    wild[..., 0] *= np.linspace(0.0, 0.4, cars)
    return wild.astype(np.float32)


def same(ours, theirs):
    """Arrays and dicts of arrays: equal to the last bit, of one type."""
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        for key, value in theirs.items():
            same(ours[key], value)
    elif isinstance(theirs, np.ndarray):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        for a, b in zip(ours.ravel(), theirs.ravel(), strict=True):
            assert np.array_equal(a, b)
    else:
        assert ours == theirs


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize(
    "settings",
    [{}, {"discrete": True, "previous_scan": True, "beams": 5, "obstacles": 1}, {"laps": 1, "limits": {"grip": 9.0}}],
)
def test_many_cars_live_as_they_do_one_by_one(settings, mode):
    settings = {"time_limit": 4.0, **settings}
    ours = ToyCarVector(CARS, track=TRACKS, autoreset_mode=mode, **settings)
    theirs = SyncVectorEnv([lambda t=t: ToyCar(track=t, **settings) for t in TRACKS], autoreset_mode=mode)
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    assert ours.single_observation_space == theirs.single_observation_space
    assert ours.single_action_space == theirs.single_action_space
    for mine, other in zip(ours.reset(seed=3), theirs.reset(seed=3), strict=True):
        same(mine, other)
    ends = 0
    for action in actions(ours.world.discrete, 130):
        mine, other = ours.step(action), theirs.step(action)
        for a, b in zip(mine, other, strict=True):
            same(a, b)
        ends += int((mine[2] | mine[3]).sum())
    assert ends > 10


def test_it_is_one_compiled_program_for_all_settings():
    for settings in ({"discrete": True}, {"laps": 1, "obstacles": 1}):
        cars = ToyCarVector(2, track=2, time_limit=1.0, **settings)
        cars.reset()
        cars.step(cars.action_space.sample())
    assert len(getattr(_step, "signatures", [0])) == 1


@pytest.mark.parametrize("mode", ["vector_entry_point", None])
def test_gymnasium_makes_it_and_has_nothing_to_complain_about(mode):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = gymnasium.make_vec("envs:emergent/ToyCar-v0", num_envs=3, vectorization_mode=mode, track=2, beams=4)
    assert isinstance(made, ToyCarVector)
    assert made.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    assert (made.num_envs, made.observation_space.shape, made.action_space.shape) == (3, (3, 5), (3, 2))
    assert "num_envs=3" in repr(made)
    wrapped = gymnasium.wrappers.vector.RecordEpisodeStatistics(made)
    wrapped.reset(seed=0)
    for _ in range(60):  # standing still is an accident after five seconds
        *_, infos = wrapped.step(np.tile(np.float32([0.0, -1.0]), (3, 1)))
        if "episode" in infos:
            assert infos["episode"]["l"].tolist() == [infos["episode"]["l"][0]] * 3
            break
    else:
        pytest.fail("no episode ended")
    made.close()


def test_it_takes_all_that_one_car_takes():
    one, many = (inspect.signature(made).parameters for made in (ToyCar, ToyCarVector))
    assert set(many) - set(one) == {"num_envs", "pool", "autoreset_mode"}
    assert all(many[name].default == one[name].default for name in one)


# --- tracks that are drawn -------------------------------------------------------------------------------------------


def drawn(cars, seed, steps=60, **settings):
    """Which track each car drives at each step."""
    made = ToyCarVector(cars, pool=3, time_limit=1.0, **settings)
    names = [made.reset(seed=seed)[1]["track"]]
    names += [made.step(np.zeros((cars, 2), np.float32))[4]["track"] for _ in range(steps)]
    return np.array(names)


def test_every_reset_draws_a_track_from_the_pool():
    names = drawn(4, 0)
    assert set(names.ravel()) == {"mazes-1048576", "straights-1048577", "loops-1048578"}
    assert len(set(names[0])) > 1, "not all cars the same one"
    lives = names[::11]  # ten steps, and the one that begins anew
    assert (names[1:11] == names[0]).all()
    assert (lives[1:] != lives[:-1]).any()


def test_a_seed_decides_who_drives_what_and_no_car_depends_on_another():
    four = drawn(4, 5)
    np.testing.assert_array_equal(drawn(4, 5), four)
    np.testing.assert_array_equal(drawn(2, 6), four[:, 1:3])
    np.testing.assert_array_equal(drawn(2, [8, 5]), four[:, [3, 0]])
    assert (drawn(4, 50) != four).any()


def test_a_seed_of_none_goes_on_with_the_generators_as_they_are():
    cars = ToyCarVector(3, pool=3)
    cars.reset(seed=2)
    before = [generator.bit_generator.state["state"]["state"] for generator in cars.np_random]
    assert cars.np_random_seed == (2, 3, 4)
    cars.reset(seed=[None, 9, None])
    assert cars.np_random_seed == (2, 9, 4)
    cars.reset()
    after = [generator.bit_generator.state["state"]["state"] for generator in cars.np_random]
    assert all(a != b for a, b in zip(before, after, strict=True))


def test_a_car_on_a_drawn_track_drives_as_alone():
    cars, alone = ToyCarVector(2, pool=3), ToyCar(track=0)
    observations, infos = cars.reset(seed=11)
    seed = int(infos["track"][1].partition("-")[2])
    same(observations[1], alone.reset(options={"track": seed})[0])
    for action in actions(False, 20, 2):
        observations, rewards, *_ = cars.step(action)
        observation, reward, *_ = alone.step(action[1])
        same(observations[1], observation)
        assert rewards[1] == reward


def test_options_give_the_cars_other_tracks(ring):
    cars = ToyCarVector(2, pool=3, time_limit=0.5)
    assert cars.reset(options={"track": ring})[1]["track"].tolist() == ["ring", "ring"]
    for _ in range(7):
        infos = cars.step(np.zeros((2, 2), np.float32))[4]
    assert infos["track"].tolist() == ["ring", "ring"], "they keep it"
    assert cars.reset(options={"track": [1, 2]})[1]["track"].tolist() == ["mazes-1", "straights-2"]


# --- the contract ----------------------------------------------------------------------------------------------------


def test_without_autoreset_a_mask_says_who_begins_anew(ring):
    cars = ToyCarVector(3, track=ring, time_limit=0.3, autoreset_mode="Disabled")
    first, _ = cars.reset(seed=0)
    action = np.tile(np.float32([0.0, 1.0]), (3, 1))
    for _ in range(3):
        observations, _, terminated, truncated, _ = cars.step(action)
    assert (truncated & ~terminated).all()
    mask = np.array([True, False, True])
    again, infos = cars.reset(options={"reset_mask": mask})
    np.testing.assert_array_equal(again[mask], first[mask])
    np.testing.assert_array_equal(again[1], observations[1])
    assert (infos["_speed"] == mask).all()
    assert infos["speed"].tolist() == [5.0, 0.0, 5.0]
    assert infos["track"].tolist() == ["ring", None, "ring"]
    with pytest.raises(gymnasium.error.ResetNeeded, match="the episode of car 1 is over, and autoreset is disabled"):
        cars.step(action)
    cars.reset(options={"reset_mask": ~mask})
    cars.step(action)


def test_what_is_returned_belongs_to_the_caller(ring):
    cars = ToyCarVector(2, track=ring)
    kept = cars.reset(seed=0)
    copies = kept[0].copy(), kept[1]["speed"].copy()
    cars.step(np.ones((2, 2), np.float32))
    np.testing.assert_array_equal(kept[0], copies[0])
    np.testing.assert_array_equal(kept[1]["speed"], copies[1])


def test_pictures_are_those_of_single_cars(ring):
    settings = {"obstacles": 1, "render_mode": "rgb_array"}
    cars, alone = ToyCarVector(2, track=[1, ring], **settings), ToyCar(track=ring, **settings)
    cars.reset()
    alone.reset()
    for action in actions(False, 5, 2):
        cars.step(action)
        alone.step(action[1])
    pictures = cars.render()
    assert len(pictures) == 2
    np.testing.assert_array_equal(pictures[1], alone.render())
    assert (pictures[0] != pictures[1]).any()


def test_step_comes_after_reset(ring):
    with pytest.raises(gymnasium.error.ResetNeeded, match="call reset before step"):
        ToyCarVector(2, track=ring).step(np.zeros((2, 2), np.float32))


@pytest.mark.parametrize(
    ("settings", "action", "words"),
    [
        ({}, np.zeros(2), r"actions: expected the shape \(2, 2\), got \(2,\)"),
        ({}, [[0.0, 0.0], [np.nan, 1.0]], r"actions: expected two numbers for each car, got \[nan +1\.\] for car 1"),
        ({"discrete": True}, [1, 9], r"actions: expected whole numbers 0\.\.8, one for each car, got \[1, 9\]"),
        ({"discrete": True}, [1, -1], "whole numbers"),
        ({"discrete": True}, [1.0, 2.0], "whole numbers"),
    ],
)
def test_actions_that_are_none_are_refused(ring, settings, action, words):
    cars = ToyCarVector(2, track=ring, **settings)
    cars.reset()
    before = cars.bodies.copy()
    with pytest.raises(ValueError, match=words):
        cars.step(action)
    np.testing.assert_array_equal(cars.bodies, before)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"num_envs": 0}, "num_envs: expected 1 car or more, got 0"),
        ({"track": [1, 2, 3]}, "track: expected one for all cars or a list of 2, got 3"),
        ({"pool": 0}, r"pool: expected 1\.\.\d+ tracks, got 0"),
        ({"render_mode": "human"}, "render_mode: expected 'rgb_array' or None for many cars, got 'human'"),
        ({"beams": 0}, "beams: expected"),
        ({"track": "nowhere.csv"}, r"nowhere\.csv"),
        ({"num_envs": 2.5}, "num_envs: expected 1 car or more, got 2.5; give a whole number"),
        ({"pool": 2.5}, r"pool: expected 1\.\.\d+ tracks, got 2\.5; give a whole number, or a `track`"),
        ({"pool": True}, "got True; give a whole number"),
        (
            {"autoreset_mode": "bad"},
            r"autoreset_mode: expected one of \['NextStep', 'SameStep', 'Disabled'\], got 'bad'; give one of them",
        ),
    ],
)
def test_settings_that_make_no_cars_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        ToyCarVector(**{"num_envs": 2, "track": 2, **settings})


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"seed": [1]}, "seed: expected a number or a list of 2, got 1"),
        ({"options": {"scale": 2}}, "options: expected only 'track' and 'reset_mask', got scale"),
        ({"options": {"reset_mask": [1, 0]}}, r"expected a 'reset_mask' of 2 booleans, .* got \[1, 0\]"),
        ({"options": {"reset_mask": np.zeros(2, bool)}}, "at least one of them true"),
        ({"options": {"reset_mask": np.ones(2, bool), "track": 1}}, "without a 'reset_mask'"),
    ],
)
def test_resets_that_cannot_be_are_refused(ring, arguments, words):
    with pytest.raises(ValueError, match=words):
        ToyCarVector(2, track=ring).reset(**arguments)
