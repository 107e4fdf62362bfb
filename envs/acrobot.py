"""The acrobot of Gymnasium, `Acrobot-v1`, as a task of the engine: the same physics, compiled.

R. S. Sutton, "Generalization in reinforcement learning: successful examples using sparse coarse coding", NIPS 8 (1996),
with the equations of Sutton and Barto's book. Constants, the order of the operations and the Runge-Kutta steps are
Gymnasium's, in float64; only the last bit of a sine or a cosine may be another. The motion is chaotic, so that over a
hundred seconds even that can be seen.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import gymnasium
import numpy as np

from emergent.verb import kernel
from emergent.verbs import advance, begin, failed, observe, score, sizes

ID = "Acrobot-v1"
HORIZON = 500  # actions of an episode as Gymnasium registers it

# the body: two angles, rad, of the first link from hanging down and of the second from the first, their speeds, rad/s
_STEP, _EPISODE = 4, 5  # actions taken, which episode it is
_BODY = 6

_GRAVITY = 9.8  # m/s^2
_LENGTH, _CENTRE, _MASS, _INERTIA = 1.0, 0.5, 1.0, 1.0  # m, m, kg, kg m^2, of both links
_STEP_TIME = 0.2  # s
_MOST_SPEED = 4 * math.pi, 9 * math.pi  # rad/s


class Acrobot(NamedTuple):
    """Acrobots, one for each episode.

    Fields:
        starts: (episodes, 4) float64: angles and speeds. first: (episodes, 6) float32: what is observed there, which
            Gymnasium computes in float32.
        horizon: actions until time is up. solved: what a return, which is never above 0, is divided by to make a score.
    """

    starts: np.ndarray
    first: np.ndarray
    horizon: int
    solved: float


def build(resets: Sequence[int], horizon: int, solved: float) -> Acrobot:
    """The acrobots that begin as Gymnasium's do when they are reset with these seeds."""
    environment = gymnasium.make(ID).unwrapped
    starts, first = np.empty((len(resets), 4)), np.empty((len(resets), 6), np.float32)
    for start, seen, seed in zip(starts, first, resets, strict=True):
        seen[:], _ = environment.reset(seed=seed)
        start[:] = environment.state  # type: ignore[attr-defined]  # of this one
    return Acrobot(starts, first, horizon, solved)


@sizes.on(Acrobot)
def sizes_acrobot(task):  # noqa: ARG001 - the contract of a verb names it
    return _BODY, 6, 3


@begin.on(Acrobot)
def begin_acrobot(task, episode, body):
    for i in range(4):
        body[i] = task.starts[episode, i]
    body[_STEP], body[_EPISODE] = 0, episode


@observe.on(Acrobot)
def observe_acrobot(task, body, observation):
    if body[_STEP] == 0:
        for i in range(6):
            observation[i] = task.first[int(body[_EPISODE]), i]
        return
    for i in range(2):
        observation[2 * i], observation[2 * i + 1] = math.cos(body[i]), math.sin(body[i])
        observation[4 + i] = body[2 + i]


@advance.on(Acrobot)
def advance_acrobot(task, body, action):
    torque = -1.0  # N m; the first of equals
    if action[1] > action[0] or action[2] > action[0]:
        torque = 1.0 if action[2] > action[1] else 0.0
    y = body[0], body[1], body[2], body[3]
    one = _slopes(y, torque)
    two = _slopes(_further(y, one, _STEP_TIME / 2), torque)
    three = _slopes(_further(y, two, _STEP_TIME / 2), torque)
    four = _slopes(_further(y, three, _STEP_TIME), torque)
    for i in range(4):
        body[i] += _STEP_TIME / 6.0 * (one[i] + 2 * two[i] + 2 * three[i] + four[i])
    for i in range(2):
        while body[i] > math.pi:
            body[i] -= 2 * math.pi
        while body[i] < -math.pi:
            body[i] += 2 * math.pi
        body[2 + i] = min(max(body[2 + i], -_MOST_SPEED[i]), _MOST_SPEED[i])
    body[_STEP] += 1
    terminated = -math.cos(body[0]) - math.cos(body[1] + body[0]) > 1.0
    return 0.0 if terminated else -1.0, terminated, body[_STEP] >= task.horizon


@kernel
def _further(y, slopes, duration):
    return (
        y[0] + duration * slopes[0],
        y[1] + duration * slopes[1],
        y[2] + duration * slopes[2],
        y[3] + duration * slopes[3],
    )


@kernel
def _slopes(y, torque):
    """Time derivatives of both angles and both speeds."""
    first, second, first_speed, second_speed = y
    d1 = (
        _MASS * _CENTRE**2
        + _MASS * (_LENGTH**2 + _CENTRE**2 + 2 * _LENGTH * _CENTRE * math.cos(second))
        + _INERTIA
        + _INERTIA
    )
    d2 = _MASS * (_CENTRE**2 + _LENGTH * _CENTRE * math.cos(second)) + _INERTIA
    phi2 = _MASS * _CENTRE * _GRAVITY * math.cos(first + second - math.pi / 2.0)
    phi1 = (
        -_MASS * _LENGTH * _CENTRE * (second_speed * second_speed) * math.sin(second)
        - 2 * _MASS * _LENGTH * _CENTRE * second_speed * first_speed * math.sin(second)
        + (_MASS * _CENTRE + _MASS * _LENGTH) * _GRAVITY * math.cos(first - math.pi / 2)
        + phi2
    )
    turning = (
        torque + d2 / d1 * phi1 - _MASS * _LENGTH * _CENTRE * (first_speed * first_speed) * math.sin(second) - phi2
    ) / (_MASS * _CENTRE**2 + _INERTIA - d2 * d2 / d1)
    return first_speed, second_speed, -(d2 * turning + phi1) / d1, turning


@score.on(Acrobot)
def score_acrobot(task, body):
    """The return over `solved`: every step costs 1, but for one that has swung it up."""
    swung_up = -math.cos(body[0]) - math.cos(body[1] + body[0]) > 1.0
    return ((1.0 if swung_up else 0.0) - body[_STEP]) / task.solved


@failed.on(Acrobot)
def failed_acrobot(task, body):  # noqa: ARG001
    return False
