"""The mountain cars of Gymnasium, `MountainCar-v0` and `MountainCarContinuous-v0`, as tasks of the engine, compiled.

A. W. Moore, "Efficient memory-based learning for robot control", PhD thesis, Cambridge (1990). A car in a valley is too
weak for the slope before it, and has to gather speed on the other one. The first has three actions, and loses 1 a step
until it is up; the other any force, earns 100 when it is up, and pays 0.1 force^2 a step.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from emergent.verb import kernel
from emergent.verbs import advance, begin, observe, score, sizes
from envs.classic import largest, starts, within

ID, CONTINUOUS_ID = "MountainCar-v0", "MountainCarContinuous-v0"
HORIZON, CONTINUOUS_HORIZON = 200, 999  # actions of an episode as Gymnasium registers it

# the body: what of it changes
PLACE, SPEED, STEP, TOTAL = 0, 1, 2, 3  # along the valley, along it a step, actions taken, return
_BODY = 4

_LEFT, _RIGHT, _MOST_SPEED = -1.2, 0.6, 0.07
_GRAVITY = 0.0025
_GOAL, _FORCE = 0.5, 0.001
_CONTINUOUS_GOAL, _POWER = 0.45, 0.0015
f32, f64 = np.float32, np.float64


class MountainCar(NamedTuple):
    """Mountain cars, one for each episode.

    Fields:
        starts: (episodes, 2) float64: place, speed.
        horizon: actions until time is up. solved: the return that counts as a score of 1.
    """

    starts: np.ndarray
    horizon: int
    solved: float


class MountainCarContinuous(NamedTuple):
    """As MountainCar."""

    starts: np.ndarray
    horizon: int
    solved: float


def build(resets: Sequence[int], horizon: int, solved: float) -> MountainCar:
    """The mountain cars that begin as Gymnasium's do when they are reset with these seeds."""
    return MountainCar(starts(ID, resets)[0], horizon, solved)


def build_continuous(resets: Sequence[int], horizon: int, solved: float) -> MountainCarContinuous:
    """As `build`, of `MountainCarContinuous-v0`."""
    return MountainCarContinuous(starts(CONTINUOUS_ID, resets)[0], horizon, solved)


@sizes.on(MountainCar)
def sizes_mountain_car(task):
    return _BODY, 2, 3


@sizes.on(MountainCarContinuous)
def sizes_mountain_car_continuous(task):
    return _BODY, 2, 1


@begin.on(MountainCar)
@begin.on(MountainCarContinuous)
def begin_mountain_car(task, episode, body):
    body[PLACE], body[SPEED] = task.starts[episode, 0], task.starts[episode, 1]
    body[STEP] = body[TOTAL] = 0


@observe.on(MountainCar)
@observe.on(MountainCarContinuous)
def observe_mountain_car(task, body, observation):
    observation[0], observation[1] = body[PLACE], body[SPEED]


@advance.on(MountainCar)
def advance_mountain_car(task, body, action):
    push = (largest(action) - 1) * _FORCE + math.cos(3 * body[PLACE]) * -_GRAVITY
    speed = within(body[SPEED] + push, _MOST_SPEED)
    place = min(max(body[PLACE] + speed, _LEFT), _RIGHT)
    if place == _LEFT and speed < 0:
        speed = 0.0
    return _moved(task, body, place, speed, -1.0, place >= _GOAL and speed >= 0)


@advance.on(MountainCarContinuous)
def advance_mountain_car_continuous(task, body, action):
    force = within(action[0], f32(1.0))
    angle = 3.0 * body[PLACE]
    if body[STEP] > 0:  # from the first step on Gymnasium's state is of single precision, and so is most of this
        angle = f64(f32(angle))
    speed = f32(body[SPEED]) + (force * f32(_POWER) - f32(_GRAVITY * math.cos(angle)))
    speed = within(speed, f32(_MOST_SPEED))
    place = min(max(f32(body[PLACE] + f64(speed)), f32(_LEFT)), f32(_RIGHT))
    if place == f32(_LEFT) and speed < 0:
        speed = f32(0.0)
    there = place >= f32(_CONTINUOUS_GOAL) and speed >= 0
    reward = (100.0 if there else 0.0) - f64(force) * f64(force) * 0.1
    return _moved(task, body, f64(place), f64(speed), reward, there)


@kernel
def _moved(task, body, place, speed, reward, there):
    body[PLACE], body[SPEED] = place, speed
    body[STEP] += 1
    body[TOTAL] += reward
    return reward, there, body[STEP] >= task.horizon


@score.on(MountainCar)
@score.on(MountainCarContinuous)
def score_mountain_car(task, body):
    return body[TOTAL] / task.solved
