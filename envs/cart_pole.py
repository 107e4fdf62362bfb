"""The cart-pole of Gymnasium, `CartPole-v1`, as a task of the engine: the same physics, compiled.

Two others differ in how they begin and in what pushes: `HardCartPole` and `NoisyCartPole`, of `envs.cart_poles`.

A. G. Barto, R. S. Sutton, C. W. Anderson, "Neuronlike adaptive elements that can solve difficult learning control
problems", IEEE Trans. Systems, Man, and Cybernetics 13 (1983). Constants, the order of the operations and the Euler
steps are Gymnasium's, in float64; only the last bit of a sine or a cosine may be another.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import gymnasium
import numpy as np

from emergent.verb import kernel
from emergent.verbs import advance, begin, observe, score, sizes

ID = "CartPole-v1"
HORIZON = 500  # actions of an episode as Gymnasium registers it

# the body: what of it changes
X, X_SPEED, ANGLE, TURN, STEP = 0, 1, 2, 3, 4  # m, m/s, rad from upright, rad/s, actions taken
_EPISODE = 5  # which it is
_BODY = 6

_GRAVITY, _PUSH = 9.8, 10.0  # m/s^2, N
_POLE, _TOTAL = 0.1, 1.1  # kg of the pole, and of cart and pole
_HALF_LENGTH = 0.5  # m of the pole
_POLE_MOMENT = _POLE * _HALF_LENGTH
_STEP_TIME = 0.02  # s
_MOST_X, _MOST_ANGLE = 2.4, 12 * 2 * math.pi / 360  # m, rad: beyond, an episode has ended


class CartPole(NamedTuple):
    """Cart-poles, one for each episode, pushed with +-10 N.

    Fields:
        starts: (episodes, 4) float64: position, speed, angle, turn.
        horizon: actions until time is up. solved: the return that counts as a score of 1.
    """

    starts: np.ndarray
    horizon: int
    solved: float


class NoisyCartPole(NamedTuple):
    """The same with noise on the force, which stays within +-10 N.

    Fields:
        noise: (episodes, horizon) float64, N, of each push.
    """

    starts: np.ndarray
    noise: np.ndarray
    horizon: int
    solved: float


def build(resets: Sequence[int], horizon: int, solved: float, name: str = ID) -> CartPole:
    """The cart-poles that begin as those of the environment `name` do when they are reset with these seeds."""
    environment = gymnasium.make(name).unwrapped
    starts = np.empty((len(resets), 4))
    for start, seed in zip(starts, resets, strict=True):
        environment.reset(seed=seed)
        start[:] = environment.state  # type: ignore[attr-defined]  # of this one
    return CartPole(starts, horizon, solved)


def build_noisy(resets: Sequence[int], horizon: int, solved: float, name: str) -> NoisyCartPole:
    """As `build`; and the noise is what the environment will draw after its reset, for it draws nothing else."""
    environment = gymnasium.make(name).unwrapped
    starts, noise = np.empty((len(resets), 4)), np.empty((len(resets), horizon))
    for start, pushes, seed in zip(starts, noise, resets, strict=True):
        environment.reset(seed=seed)
        start[:] = environment.state  # type: ignore[attr-defined]
        pushes[:] = environment.noise * environment.np_random.standard_normal(horizon)  # type: ignore[attr-defined]
    return NoisyCartPole(starts, noise, horizon, solved)


@sizes.on(CartPole)
@sizes.on(NoisyCartPole)
def sizes_cart_pole(task):
    return _BODY, 4, 2


@begin.on(CartPole)
@begin.on(NoisyCartPole)
def begin_cart_pole(task, episode, body):
    for i in range(4):
        body[i] = task.starts[episode, i]
    body[STEP] = 0
    body[_EPISODE] = episode


@observe.on(CartPole)
@observe.on(NoisyCartPole)
def observe_cart_pole(task, body, observation):
    for i in range(4):
        observation[i] = body[i]


@advance.on(CartPole)
def advance_cart_pole(task, body, action):
    return _pushed(task, body, _PUSH if action[1] > action[0] else -_PUSH)  # the first of equals


@advance.on(NoisyCartPole)
def advance_noisy_cart_pole(task, body, action):
    noise = task.noise[int(body[_EPISODE]), int(body[STEP])]
    return _pushed(task, body, min(_PUSH + noise, _PUSH) if action[1] > action[0] else max(noise - _PUSH, -_PUSH))


@kernel
def _pushed(task, body, force):
    """One step under a force, N."""
    sine, cosine = math.sin(body[ANGLE]), math.cos(body[ANGLE])
    pushed = (force + _POLE_MOMENT * (body[TURN] * body[TURN]) * sine) / _TOTAL
    turning = (_GRAVITY * sine - cosine * pushed) / (_HALF_LENGTH * (4.0 / 3.0 - _POLE * (cosine * cosine) / _TOTAL))
    moving = pushed - _POLE_MOMENT * turning * cosine / _TOTAL
    body[X] += _STEP_TIME * body[X_SPEED]
    body[X_SPEED] += _STEP_TIME * moving
    body[ANGLE] += _STEP_TIME * body[TURN]
    body[TURN] += _STEP_TIME * turning
    body[STEP] += 1
    terminated = abs(body[X]) > _MOST_X or abs(body[ANGLE]) > _MOST_ANGLE
    return 1.0, terminated, body[STEP] >= task.horizon


@score.on(CartPole)
@score.on(NoisyCartPole)
def score_cart_pole(task, body):
    return body[STEP] / task.solved
