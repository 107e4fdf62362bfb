"""The replay shows what happens: pictures against stored ones, keys, and the plain path behind it all.

To make the stored pictures anew, after a change that is meant: EMERGENT_DRAW_ANEW=1 pytest tests/view; look at them.
"""

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from PIL import Image

os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

import pygame

from emergent import model_file
from emergent.engine import evaluate
from emergent.model_file import ModelFile
from emergent.policy import EmergentPolicy
from emergent.randomness import seeds
from emergent.tasks import Environment
from emergent.view.clips import EXTENT, film
from emergent.view.dashboard import layout
from emergent.view.replay import Window, replay
from emergent.view.scenes import scene
from emergent.view.stage import stage
from envs.toy_car import ToyCar

_PICTURES = Path(__file__).parent
_BLOCK = 8  # px: pictures are compared block by block, so that something small that is missing is not averaged away


@pytest.fixture(scope="module")
def models(blueprint, baseline):
    """A grid of two channels, a tape that halts by a cell, and a policy without an automaton."""
    made = {
        "grid": blueprint("grid", space={"channels": 2}, decoder={"gain": 0.3}, initial_state={"spread": 0.5}),
        "tape": blueprint("gated tape", rule={"code": 90}),
        "none": baseline("linear"),
    }
    return {
        name: ModelFile.grown(parts, parts.layout.sample(np.random.default_rng(5), 1)[0], {"seed": 3})
        for name, parts in made.items()
    }


@pytest.fixture
def dummy(monkeypatch):
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    yield
    pygame.quit()


@pytest.fixture
def window(dummy, models, ring):
    """An open window whose model is loaded, paused at its first frame."""
    opened = Window(models["grid"], ring)
    opened._clock = _NoClock()
    while opened.player is None:
        opened._loading._thread.join()
        assert opened.frame()
    opened.player.begin(0)
    yield opened
    opened.close()


class _NoClock:
    """Tests do not wait for frames to be due."""

    def tick(self, frames):
        pass


def _press(window, *keys):
    for key in keys:
        pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))
    return window.frame()


# --- pictures --------------------------------------------------------------------------------------------------------


def _farthest(shown, stored, area):
    """The largest mean difference in any block of the area."""
    box = (slice(area.top, area.bottom), slice(area.left, area.right))
    apart = abs(shown[box].astype(float) - stored[box]).mean(axis=-1)
    rows, columns = (n // _BLOCK * _BLOCK for n in apart.shape)
    return apart[:rows, :columns].reshape(rows // _BLOCK, _BLOCK, -1, _BLOCK).mean(axis=(1, 3)).max()


def _shown(models, name, ring):
    return film(models[name], ring, 1.2)[-1]


@pytest.mark.parametrize("name", ["grid", "tape", "none"])
def test_the_picture_is_the_stored_one(models, name, ring):
    shown, file = _shown(models, name, ring), _PICTURES / f"{name}.png"
    if os.environ.get("EMERGENT_DRAW_ANEW"):
        Image.fromarray(shown).quantize(128, dither=Image.Dither.NONE).save(file, optimize=True)
    stored = np.array(Image.open(file).convert("RGB"))
    place = layout(EXTENT, name != "none", keys=False)
    assert _farthest(shown, stored, place.scene) < 25
    assert _farthest(shown, stored, place.gauges) < 60, "text may be drawn a little differently"
    if name != "none":
        assert _farthest(shown, stored, place.automaton) < 45


@pytest.mark.parametrize("missing", ["scene", "automaton"])
def test_the_comparison_would_see_what_is_missing(models, ring, missing, monkeypatch):
    stored = np.array(Image.open(_PICTURES / "grid.png").convert("RGB"))
    if missing == "scene":
        monkeypatch.setattr("envs.drawing._draw_car", lambda *_: None)
    else:
        monkeypatch.setattr("emergent.view.automaton.Automaton.draw", lambda *_: None)
    place = getattr(layout(EXTENT, True, keys=False), missing)
    assert _farthest(_shown(models, "grid", ring), stored, place) > 50


def test_the_automaton_moves_micro_step_by_micro_step(models, ring):
    pictures = film(models["grid"], ring, 2.4)[:6]  # of six slow ones
    place = layout(EXTENT, True, keys=False).automaton
    shown = [picture[place.top : place.bottom, place.left : place.right] for picture in pictures]
    assert all((a != b).any() for a, b in pairwise(shown))
    car = layout(EXTENT, True, keys=False).scene
    scenes = [picture[car.top : car.bottom, car.left : car.right] for picture in pictures]
    assert all((scene == scenes[0]).all() for scene in scenes), "the car waits for the thought"


# --- keys ------------------------------------------------------------------------------------------------------------


def test_space_pauses_and_goes_on(window):
    _press(window, pygame.K_SPACE)
    assert window.player.paused
    before = window.player.micro_step, window.player.control_step
    for _ in range(5):
        window.frame()
    assert (window.player.micro_step, window.player.control_step) == before
    _press(window, pygame.K_SPACE)
    for _ in range(4):
        window.frame()
    assert window.player.control_step > before[1], "four frames of a thirtieth of a second are more than 0.1 s"


def test_the_right_arrow_goes_on_by_one_micro_step_when_paused(window):
    player = window.player
    _press(window, pygame.K_SPACE)
    player.begin(0)
    seen = []
    for _ in range(player.micro_steps + 2):
        seen.append((player.control_step, player.micro_step))
        _press(window, pygame.K_RIGHT)
    assert seen == [*((0, t) for t in range(player.micro_steps + 1)), (1, 0)]


def test_the_right_arrow_does_nothing_while_playing(window):
    other = window.player.micro_step
    window._press(pygame.K_RIGHT)
    assert window.player.micro_step == other


def test_up_and_down_change_the_speed_within_bounds(window):
    _press(window, pygame.K_UP)
    assert window.player.speed == 2.0
    _press(window, pygame.K_DOWN, pygame.K_DOWN)
    assert window.player.speed == 0.5
    _press(window, *[pygame.K_DOWN] * 40)
    assert 0 < window.player.speed < 0.1
    _press(window, *[pygame.K_UP] * 40)
    assert 4 <= window.player.speed <= 100


def test_r_restarts_and_n_takes_the_next_track(window):
    player = window.player
    for _ in range(7):
        window.frame()
    assert player.control_step > 0
    _press(window, pygame.K_SPACE, pygame.K_r)
    assert (player.number, player.control_step) == (0, 0)
    assert "ring" in pygame.display.get_caption()[0]
    _press(window, pygame.K_n)
    assert (player.number, player.control_step) == (1, 0)
    assert "20000" in pygame.display.get_caption()[0], "the first of the test"


def test_escape_quits(window):
    assert window.frame()
    assert not _press(window, pygame.K_ESCAPE)


def test_closing_the_window_quits(window):
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    assert not window.frame()


def test_a_number_of_frames_ends_the_replay(dummy, models, ring, tmp_path):
    model_file.save(tmp_path / "model.npz", models["none"])
    replay(tmp_path / "model.npz", ring, frames=3)
    assert not pygame.display.get_init()


# --- what is played --------------------------------------------------------------------------------------------------


def test_what_is_played_is_the_plain_path_with_the_noise_of_the_test(models):
    """Track 20002 is the third of the test: the car must be to the last bit where `predict` drives it."""
    played = stage(models["grid"], 20_002)
    env = ToyCar(track=20_002)
    policy = EmergentPolicy(models["grid"], {"low": [-1, -1], "high": [1, 1]})
    observation, _ = env.reset()
    state = policy.start(seeds(3, "test", np.array([2])))
    for _ in range(25):
        if played.scene.over:
            break
        action, state = policy.predict(observation, state)
        observation, *_ = env.step(action)
        while played.player.control_step < env.body[9]:
            played.player.tick(0.04)
        assert (played.scene._env.body == env.body).all()
    assert env.body[9] > 5


@pytest.mark.parametrize("name", ["grid", "tape"])
def test_the_score_of_what_is_played_is_that_of_the_evaluation(models, name):
    played = stage(models[name], 20_002)
    while not played.scene.over:
        played.player.tick(0.2)
    model, noise = models[name], seeds(3, "test", np.array([[2]]))
    grown = model.initial_state[None], model.parameters[None]
    lived = evaluate(model.blueprint.template, *grown, played.scene._env.world, noise)
    assert played.scene.score == lived.score[0, 0]


def test_after_an_episode_comes_the_next(models, ring):
    played = stage(models["tape"], ring)
    for _ in range(4000):
        if played.scene.over:
            break
        played.player.tick(0.1)
    assert played.scene.over == "accident"
    assert played.player.number == 0
    for _ in range(20):
        played.player.tick(0.1)
    assert played.player.number == 1
    assert played.scene.over == ""


def test_another_environment_is_shown_by_its_own_pictures(blueprint):
    task = Environment(id="CartPole-v1", bounds=[(-2.4, 2.4), (-3, 3), (-0.21, 0.21), (-3, 3)])
    made = blueprint("grid", inputs=4)
    model = ModelFile.grown(
        made, made.layout.sample(np.random.default_rng(0), 1)[0], {"task": task.model_dump(mode="json")}
    )
    shown = film(model, 1, 0.5)[-1]
    place = layout(EXTENT, True, keys=False).scene
    white = (shown[place.top : place.bottom, place.left : place.right] > 240).all(axis=-1).mean()
    assert white > 0.4, "CartPole draws on white"


def test_it_is_the_environment_of_the_task_with_its_limit_and_its_reward(blueprint):
    bounds = [(-2.4, 2.4), (-3, 3), (-0.21, 0.21), (-3, 3)]
    task = Environment(id="CartPole-v1", bounds=bounds, max_steps=5, observe_reward=(0.0, 1.0))
    made = blueprint("rewarded grid", inputs=5)
    model = ModelFile.grown(
        made, made.layout.sample(np.random.default_rng(0), 1)[0], {"task": task.model_dump(mode="json")}
    )
    played = stage(model)
    for _ in range(60):
        if not played.scene.over:
            played.player.tick(0.1)
    assert played.scene.over == "time is up"
    assert played.player.control_step == 5


class _Blind(gymnasium.Env):
    observation_space = gymnasium.spaces.Box(0, 1, (4,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)


def test_an_environment_without_pictures_is_refused(blueprint):
    gymnasium.register("emergent-test/Blind-v0", entry_point=_Blind, max_episode_steps=9)
    try:
        task = Environment(id="emergent-test/Blind-v0")
        made = blueprint("grid", inputs=4)
        model = ModelFile.grown(made, np.zeros(len(made.layout)), {"task": task.model_dump(mode="json")})
        with pytest.raises(ValueError, match=r"Blind-v0 cannot be shown.*rgb_array is needed"):
            scene(model)
    finally:
        del gymnasium.registry["emergent-test/Blind-v0"]


def test_a_model_of_another_task_is_refused(blueprint):
    made = blueprint("grid", inputs=3)
    with pytest.raises(ValueError, match="takes 3 numbers and puts out 2, but the task driving gives 10"):
        scene(ModelFile.grown(made, np.zeros(len(made.layout)), {}))


# --- without a display -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is always a display")
def test_a_window_without_a_display_is_refused(monkeypatch, models):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(RuntimeError, match="there is no display; save a clip instead"):
        replay(models["none"])


def test_a_clip_needs_no_display(monkeypatch, models, ring, tmp_path):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(name, raising=False)
    replay(models["none"], ring, save=tmp_path / "clip.gif", seconds=0.3)
    assert not pygame.display.get_init()
    with Image.open(tmp_path / "clip.gif") as clip:
        assert clip.size == EXTENT


def test_importing_the_package_loads_no_graphics():
    script = "import sys, emergent.view; assert not {'pygame', 'matplotlib', 'PIL'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
