"""How many steps a second the vector environment makes, on one core, beside gymnasium's SyncVectorEnv.

    python benchmarks/vector_env.py

A step is one action of one car: four steps of physics, nine beams, reward, infos. Random actions from a table made
beforehand; accidents begin new episodes. Seconds are those of the processor, and the best of several repetitions
counts: other programs only make it slower.
"""

import argparse
import os
import time

import gymnasium
import numpy as np

import envs
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


def steps(cars: gymnasium.vector.VectorEnv, seconds: float) -> float:
    """Steps a second of all cars together."""
    cars.reset(seed=0)
    actions = np.random.default_rng(0).uniform(-1.0, 1.0, (256, cars.num_envs, 2)).astype(np.float32)
    actions[..., 0] *= 0.3
    best, count = 0.0, max(10, 4096 // cars.num_envs)
    for repetition in range(REPETITIONS + 1):
        done, began = 0, time.process_time()
        while (spent := time.process_time() - began) < (seconds if repetition else 0.2):  # the first is to warm up
            for i in range(count):
                cars.step(actions[i % 256])
            done += count
        best = max(best, done * cars.num_envs / spent) if repetition else 0.0
    cars.close()
    return best


if __name__ == "__main__":
    main()
