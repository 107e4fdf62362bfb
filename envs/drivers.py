"""A hand-written LIDAR driver: what a careful person writes in an afternoon, its constants tuned by the same search.

It steers towards where the road is open, and never drives faster than it can brake within what it sees ahead.
"""

import math
from typing import Annotated, NamedTuple

import numpy as np
from annotated_types import Gt

from emergent.genome import Genes
from emergent.parts import part
from emergent.verb import kernel
from emergent.verbs import LANES, act, arity, express, genes, memory, parameters
from envs.limits import Limits

# name, first guess, spread and bounds of each constant, in the order of `LidarDriver.constants`
CONSTANTS = (
    ("openness", 2.0, 0.7, 0.1, 8.0),  # exponent of a range in the mean of the beams' angles
    ("steering", 1.5, 0.7, 0.0, 20.0),  # lock per radian of that mean
    ("lookahead", 0.5, 0.3, 0.0, 1.0),  # where the speed looks: 0 straight ahead, 1 where it steers to
    ("braking", 0.5, 0.3, 0.01, 3.0),  # share of the braking it relies on
    ("margin", 4.0, 2.0, 0.0, 40.0),  # m of road it leaves unused
    ("crawl", 5.0, 2.0, 0.5, 30.0),  # m/s, however little it sees
    ("throttle", 0.5, 0.3, 0.01, 20.0),  # pedal per m/s of error
)
f32 = np.float32


class LidarDriver(NamedTuple):
    """Fields: constants (7,) float32 as in CONSTANTS; beams (n,) float32 [rad]; limits of the car it knows (SI)."""

    constants: np.ndarray
    beams: np.ndarray
    top_speed: float
    braking: float
    lidar_range: float


class Nothing(NamedTuple):
    """A memory without anything in it but the streams every policy has."""

    rng: np.ndarray


@part("baseline", "lidar_driver")
def lidar_driver(
    low: list[float],
    outputs: int,
    top_speed: Annotated[float, Gt(0)] = Limits().top_speed,
    braking: Annotated[float, Gt(0)] = Limits().braking,
    lidar_range: Annotated[float, Gt(0)] = Limits().lidar_range,
) -> LidarDriver:
    """The hand-written driver, for `outputs` steering and acceleration, and an observation of the speed and beams.

    Args:
        top_speed [m/s], braking [m/s^2], lidar_range [m]: the limits of the car, as far as it must know them; they are
            those of the task.

    Raises:
        ValueError: the observation or the action is not that of the toy car as it comes.
    """
    beams = len(low) - 1
    if outputs != 2 or beams < 3 or beams % 2 == 0:
        raise ValueError(
            f"expected steering and acceleration from the speed and an odd number of beams, at least 3; "
            f"got {outputs} outputs from {len(low)} numbers"
        )
    constants = np.array([guess for _, guess, *_ in CONSTANTS], f32)
    angles = np.linspace(np.pi / 2, -np.pi / 2, beams).astype(f32)
    return LidarDriver(constants, angles, top_speed, braking, lidar_range)


@arity.on(LidarDriver)
def arity_lidar_driver(driver):
    return 1 + len(driver.beams), 2


@parameters.on(LidarDriver)
def parameters_lidar_driver(driver):
    return driver.constants


@genes.on(LidarDriver)
def genes_lidar_driver(driver):
    return tuple(
        Genes(name, "parameters", np.array([i]), 0, guess, spread, low, high)
        for i, (name, guess, spread, low, high) in enumerate(CONSTANTS)
    )


@express.on(LidarDriver)
def express_lidar_driver(driver, parameters):
    return LidarDriver(parameters, driver.beams, driver.top_speed, driver.braking, driver.lidar_range)


@memory.on(LidarDriver)
def memory_lidar_driver(driver):
    return Nothing(np.zeros(LANES, np.uint64))


@act.on(LidarDriver)
def act_lidar_driver(driver, memory, observations, active, outputs, costs, film):
    for lane in range(LANES):
        if active[lane]:
            outputs[lane, 0], outputs[lane, 1] = _drive(driver, observations[lane])
    return memory


@kernel
def _drive(driver, observation):
    """Steering and acceleration in [-1, 1] from one observation."""
    openness, steering, lookahead, braking, margin, crawl, throttle = driver.constants
    beams = len(driver.beams)
    total, weighted = 0.0, 0.0
    for i in range(beams):
        weight = observation[1 + i] ** (2.0 * openness)  # observed is the square root of a range
        total += weight
        weighted += weight * driver.beams[i]
    towards = weighted / max(total, 1e-9)
    front = _range_at(driver, observation, lookahead * towards)
    sight = max(front - margin, 0.0)
    target = max(math.sqrt(2.0 * braking * driver.braking * sight), crawl)
    pedal = throttle * (target - observation[0] * driver.top_speed)
    return min(max(steering * towards, -1.0), 1.0), min(max(pedal, -1.0), 1.0)


@kernel
def _range_at(driver, observation, angle):
    """The range [m] towards `angle`, between the two beams beside it."""
    beams = len(driver.beams)
    place = (driver.beams[0] - angle) / (driver.beams[0] - driver.beams[beams - 1]) * (beams - 1)
    i = min(max(int(place), 0), beams - 2)
    share = min(max(place - i, 0.0), 1.0)
    seen = (1.0 - share) * observation[1 + i] + share * observation[2 + i]
    return seen * seen * driver.lidar_range
