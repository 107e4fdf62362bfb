"""The acrobot of Gymnasium, `Acrobot-v1`, as a task of the engine: the same physics, compiled.

R. S. Sutton, "Generalization in reinforcement learning: successful examples using sparse coarse coding", NIPS 8 (1995),
with the equations of R. S. Sutton, A. G. Barto, "Reinforcement Learning: An Introduction" (2018). Two links hang from a
joint; the one between them is driven; the free end is to be swung a link's length above the upper joint.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from emergent.verb import kernel
from emergent.verbs import advance, begin, observe, score, sizes
from envs.classic import largest, starts, within

ID = "Acrobot-v1"
HORIZON = 500  # actions of an episode as Gymnasium registers it

# the body: what of it changes
ANGLE_1, ANGLE_2, TURN_1, TURN_2, STEP, TOTAL, SEEN = 0, 1, 2, 3, 4, 5, 6  # rad, rad/s, actions, return, observation
_INPUTS = 6
_BODY = SEEN + _INPUTS

_GRAVITY = 9.8  # m/s^2
_LENGTH = _MASS = _INERTIA = 1.0  # m, kg, kg m^2 of either link
_CENTRE = 0.5  # m from its joint to a link's centre of mass
_STEP_TIME = 0.2  # s
_MOST_TURN_1, _MOST_TURN_2 = 4 * math.pi, 9 * math.pi  # rad/s


class Acrobot(NamedTuple):
    """Acrobots, one for each episode.

    Fields:
        starts: (episodes, 4) float64: angles from hanging down, the second relative to the first, and their rates.
        seen: (episodes, 6) float32, what is observed first: Gymnasium's first state is of single precision.
        square: 2.0, an exponent that the compiler does not know: NumPy's square of a number is the C library's power,
            which now and then differs in the last bit from a product, and an acrobot is chaotic.
        horizon: actions until time is up. solved: the return that counts as a score of 1.
    """

    starts: np.ndarray
    seen: np.ndarray
    square: float
    horizon: int
    solved: float


def build(resets: Sequence[int], horizon: int, solved: float) -> Acrobot:
    """The acrobots that begin as Gymnasium's do when they are reset with these seeds."""
    return Acrobot(*starts(ID, resets), 2.0, horizon, solved)


@sizes.on(Acrobot)
def sizes_acrobot(task):
    return _BODY, _INPUTS, 3


@begin.on(Acrobot)
def begin_acrobot(task, episode, body):
    for i in range(4):
        body[i] = task.starts[episode, i]
    body[STEP] = body[TOTAL] = 0
    for i in range(_INPUTS):
        body[SEEN + i] = task.seen[episode, i]


@observe.on(Acrobot)
def observe_acrobot(task, body, observation):
    for i in range(_INPUTS):
        observation[i] = body[SEEN + i]


@advance.on(Acrobot)
def advance_acrobot(task, body, action):
    torque = float(largest(action) - 1)  # N m
    state = body[ANGLE_1], body[ANGLE_2], body[TURN_1], body[TURN_2]
    state = _runge_kutta(task, state, torque)
    body[ANGLE_1], body[ANGLE_2] = _wrapped(state[0]), _wrapped(state[1])
    body[TURN_1], body[TURN_2] = within(state[2], _MOST_TURN_1), within(state[3], _MOST_TURN_2)
    body[STEP] += 1
    cosine = math.cos(body[ANGLE_1])
    body[SEEN], body[SEEN + 1] = cosine, math.sin(body[ANGLE_1])
    body[SEEN + 2], body[SEEN + 3] = math.cos(body[ANGLE_2]), math.sin(body[ANGLE_2])
    body[SEEN + 4], body[SEEN + 5] = body[TURN_1], body[TURN_2]
    terminated = -cosine - math.cos(body[ANGLE_2] + body[ANGLE_1]) > 1.0
    reward = 0.0 if terminated else -1.0
    body[TOTAL] += reward
    return reward, terminated, body[STEP] >= task.horizon


@score.on(Acrobot)
def score_acrobot(task, body):
    return body[TOTAL] / task.solved


@kernel
def _runge_kutta(task, state, torque):
    """The state a step later, by the classical method of the fourth order."""
    half = _STEP_TIME / 2.0
    k1 = _rates(task, state, torque)
    k2 = _rates(task, _moved(state, half, k1), torque)
    k3 = _rates(task, _moved(state, half, k2), torque)
    k4 = _rates(task, _moved(state, _STEP_TIME, k3), torque)
    mean = (
        k1[0] + 2 * k2[0] + 2 * k3[0] + k4[0],
        k1[1] + 2 * k2[1] + 2 * k3[1] + k4[1],
        k1[2] + 2 * k2[2] + 2 * k3[2] + k4[2],
        k1[3] + 2 * k2[3] + 2 * k3[3] + k4[3],
    )
    return _moved(state, _STEP_TIME / 6.0, mean)


@kernel
def _moved(state, time, rates):
    return (
        state[0] + time * rates[0],
        state[1] + time * rates[1],
        state[2] + time * rates[2],
        state[3] + time * rates[3],
    )


@kernel
def _rates(task, state, torque):
    """The time derivatives of a state."""
    angle_1, angle_2, turn_1, turn_2 = state
    sine, cosine = math.sin(angle_2), math.cos(angle_2)
    near, far = _MASS * _CENTRE**2, _LENGTH**2 + _CENTRE**2
    d1 = near + _MASS * (far + 2 * _LENGTH * _CENTRE * cosine) + _INERTIA + _INERTIA
    d2 = _MASS * (_CENTRE**2 + _LENGTH * _CENTRE * cosine) + _INERTIA
    phi2 = _MASS * _CENTRE * _GRAVITY * math.cos(angle_1 + angle_2 - math.pi / 2.0)
    phi1 = (
        -_MASS * _LENGTH * _CENTRE * math.pow(turn_2, task.square) * sine
        - 2 * _MASS * _LENGTH * _CENTRE * turn_2 * turn_1 * sine
        + (_MASS * _CENTRE + _MASS * _LENGTH) * _GRAVITY * math.cos(angle_1 - math.pi / 2)
        + phi2
    )
    driven = torque + d2 / d1 * phi1 - _MASS * _LENGTH * _CENTRE * math.pow(turn_1, task.square) * sine - phi2
    rate_2 = driven / (near + _INERTIA - math.pow(d2, task.square) / d1)
    return turn_1, turn_2, -(d2 * rate_2 + phi1) / d1, rate_2


@kernel
def _wrapped(angle):
    """The angle in [-pi, pi]."""
    while angle > math.pi:
        angle = angle - 2 * math.pi
    while angle < -math.pi:
        angle = angle + 2 * math.pi
    return angle
