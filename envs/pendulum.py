"""The pendulum of Gymnasium, `Pendulum-v1`, as a task of the engine: the same physics, compiled.

A pendulum is to be swung up and held upright by a torque too weak to lift it at once. Every step costs
angle^2 + 0.1 turn^2 + 0.001 torque^2; an episode never ends before time is up.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from emergent.verbs import advance, begin, observe, score, sizes
from envs.classic import starts, within

ID = "Pendulum-v1"
HORIZON = 200  # actions of an episode as Gymnasium registers it

# the body: what of it changes
ANGLE, TURN, STEP, TOTAL = 0, 1, 2, 3  # rad from upright, rad/s, actions taken, return
_BODY = 4

_LIFT, _PUSH = 15.0, 3.0  # 3 g / 2 l in 1/s^2, 3 / m l^2 in 1/(kg m^2)
_STEP_TIME = 0.05  # s
_MOST_TURN = 8.0  # rad/s
_MOST_TORQUE = 2.0  # N m
f32, f64 = np.float32, np.float64


class Pendulum(NamedTuple):
    """Pendulums, one for each episode.

    Fields:
        starts: (episodes, 2) float64: angle, turn.
        square: 2.0, an exponent that the compiler does not know, as in `Acrobot`.
        horizon: actions until time is up. solved: the return that counts as a score of 1.
    """

    starts: np.ndarray
    square: float
    horizon: int
    solved: float


def build(resets: Sequence[int], horizon: int, solved: float) -> Pendulum:
    """The pendulums that begin as Gymnasium's do when they are reset with these seeds."""
    return Pendulum(starts(ID, resets)[0], 2.0, horizon, solved)


@sizes.on(Pendulum)
def sizes_pendulum(task):
    return _BODY, 3, 1


@begin.on(Pendulum)
def begin_pendulum(task, episode, body):
    body[ANGLE], body[TURN] = task.starts[episode, 0], task.starts[episode, 1]
    body[STEP] = body[TOTAL] = 0


@observe.on(Pendulum)
def observe_pendulum(task, body, observation):
    observation[0], observation[1] = math.cos(body[ANGLE]), math.sin(body[ANGLE])
    observation[2] = body[TURN]


@advance.on(Pendulum)
def advance_pendulum(task, body, action):
    most = f32(_MOST_TORQUE)
    share = (within(action[0], f32(1.0)) + f32(1.0)) / f32(2.0)
    torque = within(-most + share * (most + most), most)  # of single precision, as what costs it is
    effort, push = f64(f32(0.001) * torque ** f32(task.square)), f64(f32(_PUSH) * torque)
    off = (body[ANGLE] + math.pi) % (2 * math.pi) - math.pi
    cost = math.pow(off, task.square) + 0.1 * math.pow(body[TURN], task.square) + effort
    turn = body[TURN] + (_LIFT * math.sin(body[ANGLE]) + push) * _STEP_TIME
    body[TURN] = within(turn, _MOST_TURN)
    body[ANGLE] += body[TURN] * _STEP_TIME
    body[STEP] += 1
    body[TOTAL] -= cost
    return -cost, False, body[STEP] >= task.horizon


@score.on(Pendulum)
def score_pendulum(task, body):
    return body[TOTAL] / task.solved
