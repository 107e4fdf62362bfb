"""Driving by hand: keys turn the wheel, the window answers, the rival is rated on the same track."""

import os

import numpy as np
import pytest

os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

import pygame

from emergent import commands
from emergent.model_file import ModelFile
from emergent.policy import EmergentPolicy
from emergent.tasks import Driving
from emergent.verbs import parameters
from emergent.view.drive import LOCK_TIME, Keyboard, Rival, Window, drive, rated, stage
from envs import car as body_of
from envs.limits import Limits
from envs.toy_car import ToyCar

BOX = {"low": [-1.0, -1.0], "high": [1.0, 1.0]}
FRAME = 1 / 30


@pytest.fixture
def dummy(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    yield
    pygame.quit()


@pytest.fixture(scope="module")
def rival(baseline):
    """The hand-written driver."""
    plan = baseline("lidar_driver")
    model = ModelFile(plan, np.zeros(0, np.float32), parameters(plan.template), np.zeros(7))
    return Rival("somebody", EmergentPolicy(model, BOX), Driving(), 0)


class _NoClock:
    """Tests do not wait for frames to be due."""

    def tick(self, frames):
        pass


@pytest.fixture
def opened(dummy):
    """Opens windows whose track is ready."""
    windows = []

    def make(*arguments, **settings):
        window = Window(lambda: stage(*arguments, **settings))
        windows.append(window)
        window._clock = _NoClock()
        while window.player is None:
            window._loading._thread.join()
            assert window.frame()
        return window

    yield make
    for window in windows:
        window.close()


def post(window, *keys, down=True, frames=1):
    for key in keys:
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN if down else pygame.KEYUP, key=key))
    for _ in range(frames):
        still_open = window.frame()
    return still_open


def body(window):
    return window._scene._env.body


# --- the keyboard ----------------------------------------------------------------------------------------------------


def test_a_held_key_turns_the_wheel_to_its_lock_and_it_comes_back():
    keyboard, seen = Keyboard(Limits()), []
    for frame in range(24):
        keyboard.held = {pygame.K_LEFT} if frame < 12 else set()
        keyboard.turn(FRAME)
        seen.append(keyboard.wheel)
    steps = FRAME / LOCK_TIME * np.arange(1, 13)
    np.testing.assert_allclose(seen[:12], np.minimum(steps, 1.0))
    np.testing.assert_allclose(seen[12:], np.maximum(1.0 - steps, 0.0), atol=1e-12)
    assert seen[8] == pytest.approx(1.0), "nine thirtieths of a second"


def acted(keyboard, speed):
    thought = keyboard.think(np.array([speed / Limits().top_speed], np.float32), keyboard.start(np.zeros(1)))
    return keyboard.actions(thought.output)[0]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ((pygame.K_UP,), (0, 1)),
        ((pygame.K_s,), (0, -1)),
        ((pygame.K_w, pygame.K_DOWN), (0, 0)),
        ((pygame.K_a,), (1, 0)),
        ((pygame.K_RIGHT, pygame.K_UP), (-1, 1)),
        ((pygame.K_LEFT, pygame.K_d), (0, 0)),
        ((pygame.K_x,), (0, 0)),
    ],
)
def test_arrows_and_letters_steer_and_push(keys, expected):
    keyboard = Keyboard(Limits())
    keyboard.held = set(keys)
    keyboard.start(np.zeros(1))
    keyboard.turn(1.0)
    thought = keyboard.think(np.zeros(10, np.float32))
    assert tuple(keyboard.actions(thought.output)[0]) == expected


def test_at_speed_the_lock_is_what_the_grip_can_use():
    """Of a kinematic bicycle: tan(angle) = wheelbase * grip / speed^2, and a fifth more."""
    limits, keyboard = Limits(), Keyboard(Limits())
    keyboard.wheel = 1.0
    for speed in (1.0, 5.0, 12.0, 30.0):
        steering = keyboard.think(np.array([speed / limits.top_speed], np.float32)).output[0, 0]
        usable = 1.2 * limits.grip * limits.wheelbase / speed**2
        assert np.tan(steering * limits.steering) == pytest.approx(min(usable, np.tan(limits.steering)), rel=1e-5)


# --- the window ------------------------------------------------------------------------------------------------------


def test_nothing_moves_before_the_first_key(opened, ring):
    window = opened(ring)
    assert post(window, frames=30)
    assert (window.player.control_step, body(window)[body_of.STEP]) == (0, 0)
    assert window.player.news()[0] == "an arrow key starts"
    post(window, pygame.K_b, frames=10)
    assert window.player.control_step == 0, "only a driving key starts"
    post(window, pygame.K_UP, frames=30)
    assert window.player.control_step in (10, 11), "ten steps a second, of which the first is taken at once"
    assert window.player.news() == []


def test_the_car_does_what_the_keys_say(opened, ring):
    window = opened(ring)
    post(window, pygame.K_UP, frames=9)
    assert body(window)[body_of.SPEED] == pytest.approx(5.0 + 0.1 * 5.0 * window.player.control_step)
    assert body(window)[body_of.STEERING] == 0.0
    post(window, pygame.K_LEFT, frames=9)
    assert body(window)[body_of.STEERING] > 0.05
    post(window, pygame.K_LEFT, pygame.K_UP, down=False)
    post(window, pygame.K_DOWN, frames=60)
    assert body(window)[body_of.STEERING] == pytest.approx(0.0, abs=1e-9)
    assert body(window)[body_of.SPEED] == 0.0


def test_a_lost_focus_lets_go_of_all_keys(opened, ring):
    window = opened(ring)
    post(window, pygame.K_UP, pygame.K_LEFT)
    pygame.event.post(pygame.event.Event(pygame.WINDOWFOCUSLOST))
    window.frame()
    assert window.player.keyboard.held == set()


def test_space_pauses_and_goes_on(opened, ring):
    window = opened(ring)
    post(window, pygame.K_UP, frames=6)
    post(window, pygame.K_SPACE)
    before = window.player.control_step
    post(window, frames=10)
    assert (window.player.control_step, window.player.news()[0]) == (before, "paused")
    post(window, pygame.K_SPACE, frames=7)
    assert window.player.control_step > before


def test_r_restarts_and_n_takes_the_next_track(opened, ring):
    window = opened(ring)
    post(window, pygame.K_UP, frames=15)
    post(window, pygame.K_r)
    assert (window.player.number, window.player.control_step, window.player.waiting) == (0, 0, True)
    assert "ring" in pygame.display.get_caption()[0]
    post(window, pygame.K_n)
    assert (window.player.number, window.player.control_step) == (1, 0)
    assert "20000" in pygame.display.get_caption()[0], "the first of the test"


@pytest.mark.parametrize("event", [{"type": pygame.KEYDOWN, "key": pygame.K_ESCAPE}, {"type": pygame.QUIT}])
def test_escape_and_closing_the_window_quit(opened, ring, event):
    window = opened(ring)
    assert window.frame()
    pygame.event.post(pygame.event.Event(event.pop("type"), **event))
    assert not window.frame()


def test_beams_and_line_are_shown_and_hidden(opened, ring):
    window = opened(ring)

    def picture(*keys):
        post(window, *keys)
        return pygame.surfarray.array3d(window._surface)

    whole = picture()
    no_beams, no_line = picture(pygame.K_b), picture(pygame.K_b, pygame.K_l)
    assert (no_beams != whole).any()
    assert (no_line != whole).any()
    assert (picture(pygame.K_l) == whole).all()


def test_what_is_drawn_moves_evenly_between_the_steps_of_the_car(opened, ring, monkeypatch):
    window = opened(ring)
    places = []
    monkeypatch.setattr("envs.drawing.draw", lambda surface, moment, *_: places.append(moment.body[[0, 1]].copy()))
    post(window, pygame.K_UP, frames=30)
    moved = np.hypot(*np.diff(places[2:], axis=0).T)
    assert (moved > 0.1).all()
    assert moved.max() < 1.35 * moved.min() * (5.0 + 5.0) / 5.0
    assert (abs(np.diff(moved)) < 0.06).all(), "at 5 m/s^2 a frame is at most 0.05 m longer than three frames before"


def test_a_person_who_follows_the_line_with_three_keys_gets_round(ring):
    """Bang-bang: left if the line ahead lies to the left; throttle below 12 m/s. No finer than a person's fingers."""
    made = stage(ring, time_limit=30.0)
    player, scene = made.player, made.scene
    keyboard, env = player.keyboard, scene._env
    player.press(pygame.K_UP)
    for _ in range(30 * 30):
        x, y, heading, speed = env.body[:4]
        place = np.arctan2(y, x) + 0.25  # the ring's radius is 40 m: ten metres ahead
        aim = np.arctan2(40 * np.sin(place) - y, 40 * np.cos(place) - x) - heading
        aim = (aim + np.pi) % (2 * np.pi) - np.pi
        keyboard.held = {pygame.K_LEFT} if aim > 0.1 else {pygame.K_RIGHT} if aim < 0.0 else set()
        keyboard.held |= {pygame.K_UP} if speed < 12.0 else set()
        player.tick(FRAME)
    assert scene.over == "time is up"
    assert scene.score > 0.5


# --- scores ----------------------------------------------------------------------------------------------------------


def test_the_end_shows_the_score_the_references_and_the_rivals(opened, ring, rival):
    window = opened(ring, rival, time_limit=1.0)
    assert window.player.pace() == f"to beat: somebody {window.player.to_beat:.3f}"
    post(window, pygame.K_UP, frames=40)
    assert window._scene.over == "time is up"
    score = window._scene.score
    won = "beaten" if score > window.player.to_beat else "not beaten"
    assert window.player.news() == [
        "time is up",
        f"your score {score:.3f}      the reference driver 1.000",
        f"somebody {window.player.to_beat:.3f}: {won}",
        "R  once more      N  next track",
    ]
    post(window, frames=100)
    assert window.player.number == 0, "the next track comes when it is asked for"
    window.player.to_beat = score - 0.01
    assert window.player.news()[2].endswith(": beaten")


def test_the_rival_drives_the_same_track_with_the_same_settings(ring, rival):
    settings = {"time_limit": 6.0, "obstacles": 1}
    made = stage(ring, rival, **settings)
    car = ToyCar(track=ring, **settings)
    observation, _ = car.reset()
    state, over = rival.policy.start(np.zeros(1, np.uint64)), False
    while not over:
        action, state = rival.policy.predict(observation, state)
        observation, _, terminated, truncated, info = car.step(action)
        over = terminated or truncated
    assert made.player.to_beat == info["score"] == rated(rival, ring, **settings)
    assert len(made.scene._env.world.obstacles) == 1
    made.player.begin(1)
    assert made.player.to_beat == rated(rival, made.scene.track, **settings) != info["score"]


def test_settings_are_those_of_the_environment(ring):
    made = stage("1", reverse=True, scale=1.1, laps=2, obstacles=2, time_limit=5.0)
    world = made.scene._env.world
    assert made.scene.title() == "mazes-1 x1.1 reversed"
    assert (world.laps, world.horizon, len(world.obstacles), world.discrete) == (2, 50, 2, False)
    nine = Rival("nine", None, Driving(discrete=True), 0)
    assert not stage_without_rating(ring, nine).scene._env.world.discrete, "a person has a wheel"


def stage_without_rating(track, rival):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emergent.view.drive.rated", lambda *_, **__: 0.5)
        return stage(track, rival)


# --- the commands ----------------------------------------------------------------------------------------------------


def test_the_call_opens_a_window_and_closes_it(dummy, tmp_path):
    commands.drive(3, frames=3, laps=1)
    drive(3, frames=2)
    assert not pygame.display.get_init()
    with pytest.raises(FileNotFoundError, match="no run 'nobody'"):
        commands.drive(3, against="nobody", root=tmp_path, frames=1)


@pytest.mark.parametrize(
    ("laps", "given", "expected"), [(None, None, 60.0), (2, None, 600.0), (None, 7.0, 7.0), (2, 7.0, 7.0)]
)
def test_the_time_limit_grows_with_the_laps(monkeypatch, laps, given, expected):
    asked = {}
    monkeypatch.setattr("emergent.view.drive.drive", lambda *_, **settings: asked.update(settings))
    commands.drive(laps=laps, time_limit=given)
    assert asked["time_limit"] == expected
    assert "obstacles" not in asked


def test_what_cannot_be_driven_is_said(dummy):
    with pytest.raises(ValueError, match=r"no file nowhere\.csv"):
        commands.drive("nowhere.csv", frames=1)
