"""From tracks and settings to the record the car drives in: everything about the world that does not change."""

from collections.abc import Sequence

import numpy as np

from emergent.randomness import generator
from envs.car import Car
from envs.limits import Limits
from envs.reference import Reference, references
from envs.strip import bank
from envs.track import Track, TrackError

OBSTACLE_RADIUS = 0.5  # m
LONGEST = 3600.0  # s of an episode
_FREE_START, _FREE_END = 40.0, 5.0  # m without obstacles after the start and before it
_OBSTACLE_GAP = 30.0  # m along the track from one obstacle to the next, at least
_LANE = 2.5  # m that must remain between an obstacle and one edge, beyond the car's clearance on both sides


def build(
    tracks: Sequence[Track],
    limits: Limits = Limits(),  # noqa: B008 - an immutable record
    beams: int = 9,
    previous_scan: bool = False,
    observe_reward: bool = False,
    discrete: bool = False,
    obstacles: int = 0,
    laps: int | None = None,
    time_limit: float = 60.0,
    accident_cost: float = 1.0,
    driven: Sequence[Reference] | None = None,
) -> Car:
    """The world of one episode on each of `tracks`; settings as in `envs.toy_car.ToyCar`.

    Args:
        driven: the reference drivers of the tracks, if they are at hand; otherwise computed, or read from the cache.

    Raises:
        TrackError: a track is too narrow, or too short for its obstacles.
        ValueError: a setting is out of range.
    """
    _check(limits, beams, obstacles, laps, time_limit, accident_cost)
    driven = references(tracks, limits) if driven is None else driven
    horizon = round(time_limit / limits.time_step)
    first, edges, station = bank(tracks)
    angles = np.linspace(np.pi / 2, -np.pi / 2, beams) if beams > 1 else np.zeros(1)
    placed = [place_obstacles(track, obstacles, limits) for track in tracks]
    return Car(
        limits=np.array(limits, np.float64),
        tracks=np.arange(len(tracks)),
        first=first,
        edges=edges,
        station=station,
        lengths=np.array([track.length for track in tracks]),
        starts=np.array([_start(track) for track in tracks]),
        obstacles=np.concatenate(placed),
        first_obstacle=np.cumsum([0, *map(len, placed)]),
        pace=np.array([reference.distance_at(np.arange(horizon + 1) * limits.time_step) for reference in driven]),
        beams=np.stack([np.cos(angles), np.sin(angles)], axis=1),
        previous_scan=bool(previous_scan),
        observe_reward=bool(observe_reward),
        discrete=bool(discrete),
        horizon=horizon,
        laps=int(laps or 0),
        accident_cost=float(accident_cost),
    )


def place_obstacles(track: Track, count: int, limits: Limits) -> np.ndarray:
    """Where the `count` obstacles of this track stand, always the same: (count, 3) x, y, radius [m].

    Each leaves room for the car on one side at least.

    Raises:
        TrackError: there is no room for so many.
    """
    draw = generator(0, f"obstacles on {track.name}")
    placed: list[np.ndarray] = []
    stations: list[float] = []
    for _ in range(200 * count):
        if len(placed) == count:
            break
        k = int(draw.integers(len(track.centre)))
        near = [
            abs((track.stations[k] - other + track.length / 2) % track.length - track.length / 2) for other in stations
        ]
        offset = draw.uniform(-track.right[k], track.left[k])
        room = max(track.left[k] - offset, track.right[k] + offset) - OBSTACLE_RADIUS - 2 * limits.clearance
        free = _FREE_START < track.stations[k] < track.length - _FREE_END
        if free and room > _LANE and min(near, default=np.inf) > _OBSTACLE_GAP:
            placed.append(np.array([*(track.centre[k] + offset * track.normals[k]), OBSTACLE_RADIUS]))
            stations.append(track.stations[k])
    if len(placed) < count:
        raise TrackError(
            f"{track.name}: {count} obstacles do not fit on {track.length:.0f} m; {len(placed)} did; ask for fewer"
        )
    return np.array(placed).reshape(count, 3)


def _start(track: Track) -> tuple[float, float, float]:
    """On the centre line, along it."""
    (x, y), (ahead_x, ahead_y) = track.centre[0], track.centre[1]
    return x, y, float(np.arctan2(ahead_y - y, ahead_x - x))


def _check(
    limits: Limits, beams: int, obstacles: int, laps: int | None, time_limit: float, accident_cost: float
) -> None:
    expected = [
        ("beams", beams, 1 <= beams <= 1024, "1..1024"),
        ("obstacles", obstacles, 0 <= obstacles <= 100, "0..100"),
        ("laps", laps, laps is None or 1 <= laps <= 1000, "1..1000, or None"),
        ("time_limit", time_limit, limits.time_step <= time_limit <= LONGEST, f"{limits.time_step}..{LONGEST:.0f} s"),
        ("accident_cost", accident_cost, 0 <= accident_cost <= 1000, "0..1000"),
    ]
    for name, came, right, wanted in expected:
        if not right:
            raise ValueError(f"{name}: expected {wanted}, got {came!r}")
