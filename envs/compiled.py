"""The environments of Gymnasium, and cart-poles of our own, that are compiled, by their ids."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from envs import acrobot, cart_pole, mountain_car, pendulum
from envs.cart_poles import HARD, NOISY


class Compiled(NamedTuple):
    """How to compile an environment as it comes.

    Fields:
        build: takes reset seeds, a horizon (actions) and what return counts as a score of 1; gives a task's record.
        horizon: actions of an episode, unless another number is asked for.
    """

    build: Callable[[Sequence[int], int, float], Any]
    horizon: int


COMPILED = {
    cart_pole.ID: Compiled(cart_pole.build, cart_pole.HORIZON),
    HARD: Compiled(partial(cart_pole.build, name=HARD), 2000),
    NOISY: Compiled(partial(cart_pole.build_noisy, name=NOISY), 800),
    acrobot.ID: Compiled(acrobot.build, acrobot.HORIZON),
    pendulum.ID: Compiled(pendulum.build, pendulum.HORIZON),
    mountain_car.ID: Compiled(mountain_car.build, mountain_car.HORIZON),
    mountain_car.CONTINUOUS_ID: Compiled(mountain_car.build_continuous, mountain_car.CONTINUOUS_HORIZON),
}
