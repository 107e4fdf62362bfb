"""The toy car as a gymnasium environment: its interface, its seeds, and the same lives as in the compiled rollout."""

import warnings

import gymnasium
import numpy as np
import pygame
import pytest
from gymnasium.utils.env_checker import check_env

from emergent.engine import evaluate
from emergent.model import Blueprint
from emergent.model_file import ModelFile
from emergent.policy import EmergentPolicy
from emergent.verbs import parameters
from envs import drawing
from envs.toy_car import ToyCar

BOX = {"low": [-1.0, -1.0], "high": [1.0, 1.0]}


@pytest.fixture(scope="module")
def circuit(tmp_path_factory, ring):
    """A track as a file."""
    file = tmp_path_factory.mktemp("tracks") / "circle.csv"
    rows = np.column_stack([ring.centre, ring.right, ring.left])
    np.savetxt(file, rows, delimiter=",", header="x_m,y_m,w_tr_right_m,w_tr_left_m")
    return file


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"discrete": True},
        {"previous_scan": True, "beams": 5},
        {"track": 3, "obstacles": 2, "laps": 1},
        {"track": "circuit", "reverse": True},
    ],
)
def test_gymnasium_has_nothing_to_complain_about(circuit, settings):
    settings = {key: circuit if value == "circuit" else value for key, value in settings.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        environment = gymnasium.make("envs:emergent/ToyCar-v0", **settings)
        check_env(environment.unwrapped, skip_render_check=True)
        environment.close()


def test_spaces(ring):
    car = ToyCar(track=ring)
    assert car.observation_space == gymnasium.spaces.Box(0.0, 1.0, (10,), np.float32)
    assert car.action_space == gymnasium.spaces.Box(-1.0, 1.0, (2,), np.float32)
    assert ToyCar(track=ring, previous_scan=True, beams=4).observation_space.shape == (9,)
    assert ToyCar(track=ring, discrete=True).action_space == gymnasium.spaces.Discrete(9)


def test_a_random_episode_stays_in_its_spaces(ring):
    car = ToyCar(track=ring, time_limit=5.0)
    observation, info = car.reset(seed=0)
    car.action_space.seed(0)
    assert set(info) == {"score", "progress", "laps", "speed", "accident", "track"}
    over, steps = False, 0
    while not over:
        assert car.observation_space.contains(observation)
        observation, reward, terminated, truncated, info = car.step(car.action_space.sample())
        assert type(reward) is float
        assert (type(terminated), type(truncated)) == (bool, bool)
        over, steps = terminated or truncated, steps + 1
    assert steps <= 50
    assert info["track"] == "ring"


def test_a_seed_draws_the_same_tracks_and_none_the_next_ones():
    one, other = ToyCar(), ToyCar()
    names = []
    for seed in (7, None, None):
        first, info = one.reset(seed=seed)
        second, again = other.reset(seed=seed)
        np.testing.assert_array_equal(first, second)
        assert info == again
        names.append(info["track"])
    assert len(set(names)) == 3
    assert one.reset(seed=8)[1]["track"] != names[0]


def test_a_track_that_is_given_stays(ring, circuit):
    car = ToyCar(track=2)
    assert [car.reset(seed=seed)[1]["track"] for seed in (0, 1)] == ["straights-2"] * 2
    assert car.reset(options={"track": 1})[1]["track"] == "mazes-1"
    assert car.reset()[1]["track"] == "mazes-1"  # it stays until another is given
    assert "circle" in car.reset(options={"track": str(circuit)})[1]["track"]
    assert ToyCar.of(ring).reset()[1]["track"] == "ring"


def test_scale_and_direction_are_of_the_track():
    plain, half = ToyCar(track=1), ToyCar(track=1, scale=0.8)
    assert half.track.length == pytest.approx(0.8 * plain.track.length)
    back = ToyCar(track=1, reverse=True)
    np.testing.assert_allclose(back.track.centre[1], plain.track.centre[-1])


def test_limits_change_the_car(ring):
    slow = ToyCar(track=ring, limits={"top_speed": 6.0, "acceleration": 20.0})
    slow.reset(seed=0)
    for _ in range(5):
        observation, *_, info = slow.step(np.array([0.13, 1.0], np.float32))
    assert info["speed"] == 6.0
    assert observation[0] == 1.0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"render_mode": "ascii"}, r"render_mode: expected one of \['human', 'rgb_array'\] or None, got 'ascii'"),
        ({"limits": {"colour": 3}}, "limits: expected names among wheelbase, .*, got colour"),
        ({"limits": {"grip": 0}}, r"limits.grip: expected a number > 0, got 0"),
        ({"limits": {"grip": float("nan")}}, r"limits\.grip"),
        ({"limits": {"substeps": 2.5}}, r"limits.substeps: expected a whole number > 0, got 2\.5"),
        ({"limits": {"substeps": 0}}, r"limits\.substeps"),
        ({"beams": 0}, "beams: expected"),
        ({"time_limit": 0}, "time_limit: expected"),
        ({"track": -1}, "seed of a track to be 0 or more"),
        ({"track": "nowhere.csv"}, r"nowhere\.csv"),
        ({"scale": 0}, "scale above 0"),
    ],
)
def test_settings_that_make_no_car_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        ToyCar(**{"track": 0, **settings})


def test_an_action_that_is_none_is_refused(ring):
    car = ToyCar(track=ring)
    car.reset(seed=0)
    with pytest.raises(ValueError, match="expected two numbers, steering and acceleration"):
        car.step(np.array([0.0, np.nan], np.float32))


def test_options_that_are_none_are_refused(ring):
    with pytest.raises(ValueError, match="options: expected only 'track', got scale"):
        ToyCar(track=ring).reset(options={"scale": 2})


def test_an_observation_belongs_to_the_caller(ring):
    car = ToyCar(track=ring)
    first, _ = car.reset(seed=0)
    kept = first.copy()
    car.step(np.ones(2, np.float32))
    np.testing.assert_array_equal(first, kept)


# --- the compiled rollout --------------------------------------------------------------------------------------------


def lived(car, policy, seed):
    """Reward, score, length, accident and micro-steps of an episode through `predict` and `step`."""
    observation, _ = car.reset(seed=0)
    kept, total, length, micro_steps, over = policy.start(np.array([seed])), 0.0, 0, 0, False
    while not over:
        micro_steps += policy.think(observation, kept).micro_steps[0]
        action, kept = policy.predict(observation, kept)
        observation, reward, terminated, truncated, info = car.step(action)
        total, length, over = total + reward, length + 1, terminated or truncated
    return total, info["score"], length, info["accident"], micro_steps


def check(plan, car, action=BOX, individuals=4):
    """Every individual's episode, compiled and through gymnasium, to the last bit."""
    if isinstance(plan, Blueprint) or len(parameters(plan.template)):
        genomes = plan.layout.sample(np.random.default_rng(3), individuals)
        states, rules = plan.layout.grow(genomes)
    else:  # random actions: nothing is trained
        genomes, states, rules = (np.zeros((individuals, 0), np.float32) for _ in range(3))
    seeds = np.arange(100, 100 + individuals, dtype=np.uint64)[:, None]
    found = evaluate(plan.template, states, rules, car.world, seeds)
    lengths = []
    for i in range(individuals):
        policy = EmergentPolicy(ModelFile(plan, states[i], rules[i], genomes[i]), action)
        reward, score, length, accident, micro_steps = lived(car, policy, seeds[i, 0])
        assert found.reward[i, 0] == reward
        assert found.score[i, 0] == score
        assert found.length[i, 0] == length
        assert found.failed[i, 0] == accident
        assert found.micro_steps[i, 0] == micro_steps
        lengths.append(length)
    assert max(lengths) > 10


@pytest.fixture(scope="module")
def car(ring):
    return ToyCar(track=ring, time_limit=8.0, obstacles=2)


@pytest.mark.parametrize("retained", [True, False])
@pytest.mark.parametrize("kind", ["grid", "gated tape"])
def test_a_model_lives_the_same_life_compiled_and_through_gymnasium(blueprint, car, kind, retained):
    check(blueprint(kind, retained=retained, train_rule=True), car)


@pytest.mark.parametrize("name", ["linear", "mlp", "lidar_driver", "random_actions"])
def test_a_baseline_lives_the_same_life_compiled_and_through_gymnasium(baseline, car, name):
    check(baseline(name), car)


def test_the_same_holds_with_nine_actions_a_previous_scan_and_laps(baseline, ring):
    car = ToyCar(track=ring, discrete=True, previous_scan=True, laps=1, time_limit=10.0)
    check(baseline("linear", inputs=19, outputs=9), car, {"n": 9}, individuals=8)


def test_the_same_holds_with_the_reward_observed(blueprint, ring):
    car = ToyCar(track=ring, observe_reward=True, time_limit=8.0)
    check(blueprint("rewarded grid", inputs=11), car)


# --- pictures --------------------------------------------------------------------------------------------------------


def test_a_picture_shows_the_road_and_the_car(ring):
    car = ToyCar(track=ring, render_mode="rgb_array")
    car.reset()
    before = car.render()
    assert before.shape == (720, 720, 3)
    assert before.dtype == np.uint8
    for color in (drawing.GROUND, drawing.ROAD, drawing.BODY):
        assert (before == color).all(axis=-1).sum() > 100
    for _ in range(10):
        car.step(np.array([0.13, 1.0], np.float32))
    after = car.render()
    red = [np.argwhere((picture == drawing.BODY).all(axis=-1)).mean(axis=0) for picture in (before, after)]
    assert np.hypot(*(red[1] - red[0])) > 40, "the car has moved"


def test_a_window_opens_without_a_display_and_closes(ring, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    car = ToyCar(track=ring, render_mode="human")
    car.reset()
    car.step(np.zeros(2, np.float32))
    shown = pygame.surfarray.array3d(pygame.display.get_surface())
    assert (shown == drawing.ROAD).all(axis=-1).sum() > 1000
    car.close()
    assert pygame.display.get_surface() is None
