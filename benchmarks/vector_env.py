"""How many steps a second the toy car makes, on one core: many at once, compiled alone, and one by one.

    python benchmarks/vector_env.py

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
from emergent.verb import kernel
from emergent.verbs import advance, begin, observe
from envs.vector import ToyCarVector

REPETITIONS = 5
TRACK = 20_000


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=0.5, help="of each repetition")
    seconds = arguments.parse_args().seconds
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for cars in (1, 16, 64, 256):
        made = ToyCarVector(cars, track=TRACK)
        print(f"ToyCarVector   {cars:4d} cars, one track    {steps(made, seconds):12,.0f} steps/s")
    for mode in (gymnasium.vector.AutoresetMode.NEXT_STEP, gymnasium.vector.AutoresetMode.SAME_STEP):
        made = ToyCarVector(64, autoreset_mode=mode)
        print(f"ToyCarVector     64 cars, 60 tracks, {mode.value:9s} {steps(made, seconds):6,.0f} steps/s")
    made = gymnasium.make_vec(f"envs:{envs.TOY_CAR}", num_envs=64, vectorization_mode="sync", track=TRACK)
    print(f"SyncVectorEnv    64 cars, one track    {steps(made, seconds):12,.0f} steps/s")
    made = gymnasium.make(f"envs:{envs.TOY_CAR}", track=TRACK)
    print(f"gymnasium.make    1 car, one track     {single(made, seconds):12,.0f} steps/s")
    print(f"ToyCar, no wrapper 1 car, one track    {single(made.unwrapped, seconds):12,.0f} steps/s")
    rate = compiled(ToyCarVector(64, track=TRACK), seconds)
    print(f"compiled step    64 cars, one track    {rate:12,.0f} steps/s, {1e6 / rate:.2f} µs each")


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
    main()
