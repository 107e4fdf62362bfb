"""Two cart-poles that are harder than Gymnasium's `CartPole-v1`: same physics, other starts, and noise on the force."""

from typing import Any

import numpy as np
from gymnasium.envs.classic_control.cartpole import CartPoleEnv

HARD, NOISY = "envs:emergent/HardCartPole-v0", "envs:emergent/NoisyCartPole-v0"


class HardCartPole(CartPoleEnv):
    """The cart-pole of `CartPole-v1`, begun near its limits; registered as `emergent/HardCartPole-v0`.

    Action space, observations, rewards and ends of an episode: those of `CartPole-v1`, but for 2,000 steps.

    Starting state: uniform, the cart within +-2 m (its limit is 2.4), the pole within +-0.2 rad of upright (its limit
    is 0.2095), both speeds within +-0.05.
    """

    most = np.array([2.0, 0.05, 0.2, 0.05])  # m, m/s, rad, rad/s

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        """See gymnasium; there are no options."""
        super().reset(seed=seed, options=options)
        self.state = self.np_random.uniform(-self.most, self.most)
        return np.array(self.state, np.float32), {}


class NoisyCartPole(CartPoleEnv):
    """The cart-pole of EM-3/3 (BrightStarLabs/new_cartpole); registered as `emergent/NoisyCartPole-v0`.

    Action space, observations, rewards and ends of an episode: those of `CartPole-v1`, but for 800 steps. Each push has
    normal noise of 0.15 N, and stays within +-10 N.

    Starting state: normal, with standard deviations of 0.5 m, 0.1 m/s, 0.05 rad and 0.1 rad/s.
    """

    spread = np.array([0.5, 0.1, 0.05, 0.1])
    noise = 0.15  # N
    push = 10.0  # N

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        """See gymnasium; there are no options."""
        super().reset(seed=seed, options=options)
        self.state = self.spread * self.np_random.standard_normal(4)
        return np.array(self.state, np.float32), {}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict]:
        """See gymnasium."""
        noise = self.noise * self.np_random.standard_normal()
        self.force_mag = min(self.push + noise, self.push) if action == 1 else -max(noise - self.push, -self.push)
        return super().step(action)
