"""Which of gymnasium's environments there are compiled, under the names that `gymnasium.make` takes."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from envs import acrobot, cart_pole
from envs.cart_poles import HARD, NOISY


class Compiled(NamedTuple):
    """A compiled environment.

    Fields:
        build: makes the record of a task from the seeds of its resets, the horizon and the return that counts as 1.
        horizon: actions of an episode as it is registered.
    """

    build: Callable[..., Any]
    horizon: int


COMPILED = {
    cart_pole.ID: Compiled(cart_pole.build, cart_pole.HORIZON),
    HARD: Compiled(partial(cart_pole.build, name=HARD), 2000),
    NOISY: Compiled(partial(cart_pole.build_noisy, name=NOISY), 800),
    acrobot.ID: Compiled(acrobot.build, acrobot.HORIZON),
}
