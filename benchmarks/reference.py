"""How nearly the reference driver is the fastest: rivals of the tests race it, on all the tracks the README speaks of.

    python -m benchmarks.reference [FOLDER OF CIRCUITS]

A folder of circuits holds CSV files as in the racetrack database of TUM's Institute of Automotive Technology.
"""

import sys
import time
from pathlib import Path

import numpy as np

from envs import circuits, families
from envs.limits import Limits
from envs.reference import centre_line, compute, references
from tests import naive_tracks

LIMITS = Limits()
NAIVE_LIMITS = (LIMITS.top_speed, LIMITS.acceleration, LIMITS.braking, LIMITS.grip)
GENERATED = range(20_000, 20_100)  # the tracks of the test


def main() -> None:
    """Print a line for each claim."""
    tracks = [families.generate(seed) for seed in GENERATED]
    began = time.perf_counter()
    driven = references(tracks, LIMITS)
    print(f"{len(tracks)} generated tracks: {(time.perf_counter() - began) / len(tracks):.2f} s each, or read again")
    middle = np.array([centre_line(track, LIMITS).lap_time for track in tracks])
    laps = np.array([made.lap_time for made in driven])
    shares = middle / laps
    print(f"  lap of the centre line / of the reference: mean {shares.mean():.3f}, least {shares.min():.3f}")
    print(f"  at top speed on {np.mean([made.share_at(LIMITS.top_speed) for made in driven]):.1%} of the way")
    gains = []
    for track, made in zip(tracks[:10], driven[:10], strict=True):
        draws = np.random.default_rng(0).uniform(size=(20_000, 4))
        edges = track.left_edge, track.right_edge
        rival, own = naive_tracks.climbed(made.line, *edges, LIMITS.clearance, NAIVE_LIMITS, draws)
        gains.append(1.0 - rival / own)
    print(f"  10 hill climbs of 20,000 evaluations from its line: largest gain {max(gains):.2%}")
    for file in sorted(Path(sys.argv[1]).glob("*.csv")) if len(sys.argv) > 1 else ():
        print(
            f"{file.stem:14}" + "".join(f"  x{scale}: {_ratio(file, scale):.4f}" for scale in (1.0, 0.5, 0.3)),
            flush=True,
        )


def _ratio(file: Path, scale: float) -> float:
    """Lap of the reference over that of the line of least curvature, with the same limits and the scaled clearance."""
    track = circuits.read(file, scale)
    limits = LIMITS._replace(clearance=scale * LIMITS.clearance)
    room = limits.clearance - track.right, track.left - limits.clearance
    rival = naive_tracks.least_curvature(track.centre, track.normals, *room)
    line = track.centre + rival[:, None] * track.normals
    return compute(track, limits).lap_time / naive_tracks.lap_time(line, NAIVE_LIMITS)


if __name__ == "__main__":
    main()
