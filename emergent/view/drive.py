"""Driving by hand: a person at the keyboard in the same car, on the same tracks, against the same reference driver."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pygame

from emergent.inference import Kept, Thought
from emergent.policy import EmergentPolicy
from emergent.tasks import Driving
from emergent.tasks.laps import drive_once
from emergent.view.player import Player
from emergent.view.scenes import CarScene, Choice
from emergent.view.stage import Stage
from emergent.view.window import Window as AnyWindow
from envs.limits import Limits, changed_limits
from envs.track import Track, named

KEYS = (
    "← → or A D  steer      ↑ ↓ or W S  throttle, brake      space  pause      R  restart      N  next track      "
    "B  beams      L  line      Esc  quit"
)
LOCK_TIME = 0.3  # s that a key is held until the wheel is at its lock, or let go until it is straight again

_LEFT, _RIGHT = (pygame.K_LEFT, pygame.K_a), (pygame.K_RIGHT, pygame.K_d)
_FORWARD, _BACK = (pygame.K_UP, pygame.K_w), (pygame.K_DOWN, pygame.K_s)
_DRIVING = {*_LEFT, *_RIGHT, *_FORWARD, *_BACK}
_OVER_GRIP = 1.2  # the lock at speed turns the wheels by so much more than the grip can use


class Rival(NamedTuple):
    """A model to be beaten: its name, the policy, the task it was trained for, and the seed of its run."""

    name: str
    policy: EmergentPolicy
    task: Driving
    root: int


class Keyboard:
    """A person as a policy: what is held down now decides, whatever is observed but the speed.

    A key turns the wheel to its lock within `LOCK_TIME`, and back when it is let go. The lock is that of the car when
    slow; at speed it is what the grip can use and a fifth more, for there a twentieth of the car's is all it takes.

    Attributes:
        held: keys that are down; wheel: share of the lock, from -1, right, to 1, left.
    """

    record = None  # there is no automaton

    def __init__(self, limits: Limits):
        self._limits = limits
        self.held: set[int] = set()
        self.wheel = 0.0

    def turn(self, seconds: float) -> None:
        """Let the wheel follow the keys for so long."""
        wanted = self._is_held(_LEFT) - self._is_held(_RIGHT)
        step = seconds / LOCK_TIME
        self.wheel += min(max(wanted - self.wheel, -step), step)

    def start(self, noise_seeds: np.ndarray) -> Kept:
        """Straight on."""
        self.wheel = 0.0
        return Kept(np.zeros((len(noise_seeds), 0), np.float32), noise_seeds)

    def think(self, observation: np.ndarray, state: Any = None, *, film: bool = False) -> Thought:  # noqa: ARG002
        """Steering and throttle, as the policies have them."""
        limits = self._limits
        speed = max(float(observation[0]) * limits.top_speed, 1e-6)
        usable = math.atan(_OVER_GRIP * limits.grip * limits.wheelbase / speed**2)
        steering = self.wheel * min(usable / limits.steering, 1.0)
        output = np.array([[steering, self._is_held(_FORWARD) - self._is_held(_BACK)]], np.float32)
        return Thought(output, state, np.zeros(1, np.int64), np.ones(1, bool), np.zeros((1, 0)))

    def actions(self, outputs: np.ndarray) -> np.ndarray:
        """The outputs are the actions."""
        return outputs

    def _is_held(self, keys: tuple[int, ...]) -> int:
        return int(not self.held.isdisjoint(keys))


class Drive(Player):
    """A person at play: nothing moves before the first key, and each action is taken at the last moment.

    What is drawn lies between the last two states of the car, so that its ten steps a second look like thirty.

    Attributes:
        waiting: for the first key; to_beat: the rival's score on this track, None without one.
    """

    def __init__(self, keyboard: Keyboard, scene: CarScene, rival: str = "", rate: Callable[[], float] | None = None):
        self.keyboard, self._car, self._rival, self._rate = keyboard, scene, rival, rate
        self.to_beat: float | None = None
        super().__init__(keyboard, scene)

    def begin(self, number: int) -> None:
        again = self.to_beat is not None and number == self.number
        super().begin(number)
        self.waiting, self.paused, self._phase, self._car.between = True, False, 1.0, 1.0
        if self._rate and not again:
            self.to_beat = self._rate()

    def tick(self, seconds: float) -> None:
        if self.paused or self.waiting:
            return
        self.keyboard.turn(seconds)
        self._phase += seconds * self._car.rate
        while self._phase >= 1.0 - 1e-9 and not self._car.over:
            self._phase -= min(self._phase, 1.0)
            self._act()
        self._car.between = min(self._phase, 1.0)

    def press(self, key: int) -> None:
        """A driving key goes down."""
        self.keyboard.held.add(key)
        self.waiting = False

    def pace(self) -> str:
        if self.to_beat is not None:
            return f"to beat: {self._rival} {self.to_beat:.3f}"
        return ""

    def news(self) -> list[str]:
        if self._car.over and self._car.between >= 1.0:
            return [self._car.over, *self._comparison(), "R  once more      N  next track"]
        if self.paused:
            return ["paused", "space goes on"]
        if self.waiting:
            return ["an arrow key starts"]
        return []

    def _comparison(self) -> list[str]:
        score = self._car.score
        lines = [f"your score {score:.3f}      the reference driver 1.000"]
        if self.to_beat is not None:
            won = "beaten" if score > self.to_beat else "not beaten"
            lines.append(f"{self._rival} {self.to_beat:.3f}: {won}")
        return lines

    def _act(self) -> None:
        self._think()
        self._observation = self._car.step(self.action)
        self.control_step += 1


class Window(AnyWindow):
    """The window of a drive."""

    def __init__(self, make: Callable[[], Stage]):
        super().__init__(make, KEYS, "preparing the track", "drive where there is one")

    def _answer(self, event: pygame.event.Event) -> None:
        player = self.player
        if isinstance(player, Drive):
            if event.type == pygame.KEYUP:
                player.keyboard.held.discard(event.key)
            elif event.type == pygame.WINDOWFOCUSLOST:  # no key will be heard to be let go
                player.keyboard.held.clear()
        super()._answer(event)

    def _press(self, key: int) -> None:
        player, scene = self.player, self._scene
        if not (isinstance(player, Drive) and isinstance(scene, CarScene)):
            return
        if key in _DRIVING:
            player.press(key)
        elif key == pygame.K_b:
            scene.beams = not scene.beams
        elif key == pygame.K_l:
            scene.line = not scene.line
        else:
            super()._press(key)


def drive(
    track: Choice | None = None, rival: Rival | None = None, *, frames: int | None = None, **settings: Any
) -> None:
    """Let a person drive in a window, until it is closed.

    Args:
        track: the first one; see `emergent.view.scenes.scene`. After it, and if it is None, come those of the test.
        rival: whose score on the same track, in the same car, is to be beaten.
        frames: close the window after so many.
        settings: of `envs.toy_car.ToyCar`: obstacles, reverse, scale, laps, time_limit.

    Raises:
        TrackError: a track cannot be driven. ValueError: a setting is out of range.
        NoDisplayError: no window can be opened here.
    """
    Window(lambda: stage(track, rival, **settings)).play(frames)


def stage(track: Choice | None = None, rival: Rival | None = None, **settings: Any) -> Stage:
    """All that a drive needs; arguments as of `drive`."""
    task = rival.task if rival else Driving()
    scene = CarScene(task, 0, named(track), **{**settings, "discrete": False})  # a person has a wheel
    keyboard = Keyboard(changed_limits(task.limits))
    if rival is None:
        return Stage(scene, None, Drive(keyboard, scene))

    def rate() -> float:
        return rated(rival, scene.track, **settings)

    return Stage(scene, None, Drive(keyboard, scene, rival.name, rate))


def rated(rival: Rival, track: Track, **settings: Any) -> float:
    """The score of a rival on this track as it is, turned and scaled already."""
    return float(drive_once(rival.task, rival.policy, track, rival.root, **settings)[1]["score"])
