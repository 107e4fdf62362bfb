"""How many steps a second the toy car makes, on one core: many at once, compiled alone, and one by one.

    python -m benchmarks.vector_env

A step is one action of one car: four steps of physics, nine beams, reward, infos. Random actions from a table made
beforehand; accidents begin new episodes. The compiled step has no Python and no infos about it: it is what training
pays. `gymnasium.make` is how most people drive one car; its wrappers cost what its row has less than the one without.
Seconds are those of the processor, and the best of several repetitions counts: other programs only make it slower.
"""

import argparse
import os
import time
from collections.abc import Callable

import gymnasium
import numpy as np

import envs
from benchmarks.rows import Row, show
from emergent.verb import kernel
from emergent.verbs import advance, begin, observe
from envs.vector import ToyCarVector

REPETITIONS = 5
TRACK = 20_000
CAR_RACING = 123.0  # steps a second of Gymnasium's own car, on a Zen 4 core


def measure(seconds: float = 0.5):
    """The rows; `seconds` of each repetition."""
    made = gymnasium.make_vec(f"envs:{envs.TOY_CAR}", num_envs=64, vectorization_mode="sync", track=TRACK)
    sync = steps(made, seconds), "SyncVectorEnv"
    for cars in (1, 16, 64, 256):
        made = ToyCarVector(cars, track=TRACK)
        reference = sync if cars == 64 else ()
        yield Row(f"ToyCarVector, {cars} cars, one track", "steps/s", steps(made, seconds), *reference)
    for mode in (gymnasium.vector.AutoresetMode.NEXT_STEP, gymnasium.vector.AutoresetMode.SAME_STEP):
        made = ToyCarVector(64, autoreset_mode=mode)
        yield Row(f"ToyCarVector, 64 cars, 60 tracks, {mode.value}", "steps/s", steps(made, seconds))
    made = gymnasium.make(f"envs:{envs.TOY_CAR}", track=TRACK)
    yield Row("toy car, gymnasium.make", "steps/s", single(made, seconds), CAR_RACING, "CarRacing-v3, recorded")
    yield Row("toy car, no wrapper", "steps/s", single(made.unwrapped, seconds))
    rate = compiled(ToyCarVector(64, track=TRACK), seconds)
    yield Row("toy car, compiled: physics and nine beams", "steps/s", rate)


def steps(cars: gymnasium.vector.VectorEnv, seconds: float) -> float:
    """Steps a second of all cars together."""
    actions, count = table(cars.num_envs), max(10, 4096 // cars.num_envs)
    cars.reset(seed=0)

    def some() -> None:
        for i in range(count):
            cars.step(actions[i % 256])

    rate = fastest(some, seconds) * count * cars.num_envs
    cars.close()
    return rate


def single(car: gymnasium.Env, seconds: float) -> float:
    """Steps a second of one car."""
    actions = list(table(1)[:, 0])
    car.reset(seed=0)

    def some() -> None:
        for action in actions:
            _, _, terminated, truncated, _ = car.step(action)
            if terminated or truncated:
                car.reset()

    return fastest(some, seconds) * len(actions)


def compiled(cars: ToyCarVector, seconds: float) -> float:
    """Steps a second of all cars together, without Python."""
    actions = table(cars.num_envs)
    observations, _ = cars.reset(seed=0)
    rate = fastest(lambda: drive(cars.world, cars.bodies, actions, observations), seconds)
    return rate * len(actions) * cars.num_envs


@kernel
def drive(world, bodies, actions, observations):
    """Let every car take every action, and see what comes of it."""
    for step in range(len(actions)):
        for i in range(len(bodies)):
            _, terminated, truncated = advance(world, bodies[i], actions[step, i])
            if terminated or truncated:
                begin(world, 0, bodies[i])
            observe(world, bodies[i], observations[i])


def table(cars: int) -> np.ndarray:
    """Random actions, (256, cars, 2), that steer a little."""
    actions = np.random.default_rng(0).uniform(-1.0, 1.0, (256, cars, 2)).astype(np.float32)
    actions[..., 0] *= 0.3
    return actions


def fastest(some: Callable[[], None], seconds: float) -> float:
    """How often a second `some` is done, in the best of several repetitions."""
    best = 0.0
    for repetition in range(REPETITIONS + 1):
        done, began = 0, time.process_time()
        while (spent := time.process_time() - began) < (seconds if repetition else 0.2):  # the first is to warm up
            some()
            done += 1
        best = max(best, done / spent) if repetition else 0.0
    return best


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=0.5, help="of each repetition")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    show(measure(arguments.parse_args().seconds))
