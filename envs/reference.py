"""The reference driver: the fastest line inside a track at the fastest speed the car's limits allow.

Its distance is the unit of every score on a track. Steering limits are ignored, so it is an upper bound but for what
the search for the line leaves, which tests hold below one per cent of the lap time. It starts like every driver, at
station 0 with the start speed, and drives flying laps ever after. It is on its line from the start, which need not be
along the road there: as long as a driver of the centre line is farther, his progress counts. It always drives on: who
will have no need to get round the next bend, as time is up before, may be ahead of it by the decimetres of its braking.

References are computed once per track and kept on disk, named by what they depend on. Generated tracks change only with
`envs.families.GENERATOR_VERSION`, which a reference records.
"""

import hashlib
import io
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

from emergent.cache import cache_folder
from emergent.randomness import seeds
from envs import corridor, polyline
from envs.corridor import Corridor
from envs.families import GENERATOR_VERSION
from envs.least_curvature import least_curvature
from envs.least_time import least_time
from envs.limits import Limits
from envs.speed import Pace, first_speed, flying_speed
from envs.track import Track

REFERENCE_VERSION = 5  # raise it with every change of what is computed here or on the way to it

_TENSIONS = (1e-4, 3e-3, 1e-2, 3e-2, 1e-1)  # 1/m^4, of the lines the search starts from, from wide to short
_BUMPS_PER_POINT, _LEAST_BUMPS = 85, 50_000  # of the whole search


@dataclass(frozen=True, eq=False)
class Reference:
    """A line and how it is driven; its m points are about 1 m apart along it, the first at station 0.

    Fields:
        line: (m, 2) m. offsets: (m,) m, from the centre line, positive to the left.
        progress: (m,) m along the centre line. speed: (m,) m/s of a flying lap.
        first: (m + 1,) s, when each point, and at last the first again, is passed in the lap from the start speed.
        flying: (m + 1,) s, the same from the beginning of every later lap.
        head: (k,) m, progress after 0, 1, ... k - 1 time steps of a driver on the centre line, while he leads.
        length: m, one lap along the centre line. time_step: s, between two actions.
        generator_version: of the generated tracks.
    """

    line: np.ndarray
    offsets: np.ndarray
    progress: np.ndarray
    speed: np.ndarray
    first: np.ndarray
    flying: np.ndarray
    head: np.ndarray
    length: float
    time_step: float
    generator_version: int = GENERATOR_VERSION

    @property
    def lap_time(self) -> float:
        """Seconds of a flying lap."""
        return float(self.flying[-1])

    def time_of(self, laps: int) -> float:
        """Seconds from the start to the end of so many laps."""
        return float(self.first[-1] + (laps - 1) * self.flying[-1])

    def share_at(self, speed: float) -> float:
        """The share of a flying lap's way driven at `speed` m/s or more."""
        return float((self.speed >= speed - 1e-6).mean())

    def distance_at(self, time: float | np.ndarray) -> np.ndarray:
        """Progress along the centre line `time` seconds (>= 0) after the start, m, however many laps that is."""
        time = np.asarray(time, np.float64)
        way = np.append(self.progress, self.length)
        later = np.maximum(time - self.first[-1], 0.0)
        laps = np.floor(later / self.lap_time)
        flown = self.length * (1.0 + laps) + np.interp(later - laps * self.lap_time, self.flying, way)
        driven = np.where(time < self.first[-1], np.interp(time, self.first, way), flown)
        if not len(self.head):
            return driven
        return np.maximum(driven, np.interp(time, np.arange(len(self.head)) * self.time_step, self.head))

    def distances(self, duration: float) -> np.ndarray:
        """Progress at 0, 1, 2, ... time steps up to `duration` seconds, m: the table that scores are read from."""
        return self.distance_at(np.arange(int(duration / self.time_step + 1e-6) + 1) * self.time_step)


def reference(track: Track, limits: Limits) -> Reference:
    """The reference driver of `track`, from the cache on disk if it is there.

    Raises:
        TrackError: the road is too narrow for a car that keeps `limits.clearance` on both sides.
    """
    file = _file(track, limits)
    kept = _read(file)
    if kept is None:
        kept = compute(track, limits)
        _write(file, kept)
    return kept


def references(tracks: Sequence[Track], limits: Limits, workers: int | None = None) -> list[Reference]:
    """The reference driver of each track, in this order, computed by `workers` threads (None: one per core)."""
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        return list(pool.map(lambda track: reference(track, limits), tracks))


def centre_line(track: Track, limits: Limits) -> Reference:
    """The perfect driver who stays on the centre line, or as near to it as the clearance lets him."""
    where = corridor.corridor(track, limits.clearance)
    return _drive(track, limits, where, np.clip(0.0, where.low, where.high))


def compute(track: Track, limits: Limits) -> Reference:
    """The reference driver, computed anew: `reference` without the cache."""
    where = corridor.corridor(track, limits.clearance)
    line = _fastest(track, limits, where)
    corridor.retreat(where, track, limits.clearance, line)
    # the search sees other points than the lap is timed on, so it is not trusted to be the faster
    middle = _drive(track, limits, where, np.clip(0.0, where.low, where.high))
    made = min(_drive(track, limits, where, line), middle, key=lambda made: made.lap_time)
    return replace(made, head=_lead(middle, made))


def _fastest(track: Track, limits: Limits, where: Corridor) -> np.ndarray:
    """Offsets of the fastest line: a short search from each of several lines, a long one from what became the best."""
    spacing, pace = corridor.spacing(track), _pace(limits)
    bumps = max(_LEAST_BUMPS, _BUMPS_PER_POINT * len(where.low))
    short = bumps // 16
    rng = np.array([seeds(0, "racing line")], np.uint64)
    lines = [least_curvature(where, tension / spacing**4) for tension in _TENSIONS]  # of the shape, not of the size
    for line in lines:
        least_time(where, line, pace, spacing, short, rng)
    line = min(lines, key=lambda offset: _drive(track, limits, where, offset).lap_time)
    least_time(where, line, pace, spacing, bumps - len(lines) * short, rng)
    return line


def _lead(middle: Reference, made: Reference) -> np.ndarray:
    """The head of `made`: the progress of `middle` for as long as it leads, one time step longer than that."""
    time = np.arange(0.0, middle.first[-1], made.time_step)
    leads = np.flatnonzero(middle.distance_at(time) > made.distance_at(time))
    return middle.distance_at(time[: leads[-1] + 2]) if len(leads) else np.zeros(0)


def _pace(limits: Limits) -> Pace:
    return Pace(float(limits.top_speed), float(limits.acceleration), float(limits.braking), float(limits.grip))


def _drive(track: Track, limits: Limits, where: Corridor, offset: np.ndarray) -> Reference:
    """Drive the line of these offsets as fast as the limits allow, timed on points equally spaced along it."""
    line, place, bend, spacing = polyline.resample(corridor.line(where, offset), corridor.spacing(track))
    gap, pace = np.full(len(line), spacing), _pace(limits)
    speed = flying_speed(bend, gap, pace)
    start = first_speed(speed, gap, pace, float(limits.start_speed))
    return Reference(
        line=line,
        offsets=polyline.at(offset, place),
        progress=corridor.progress(where, place),
        speed=speed,
        first=_times(start, gap),
        flying=_times(np.append(speed, speed[0]), gap),
        head=np.zeros(0),
        length=track.length,
        time_step=float(limits.time_step),
    )


def _times(speed: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """When each point is passed at these speeds (m + 1,), with constant acceleration in between, (m + 1,) s."""
    return np.concatenate([[0.0], np.cumsum(2.0 * gap / (speed[1:] + speed[:-1]))])


# --- kept on disk -----------------------------------------------------------------------------------------------------


def _file(track: Track, limits: Limits) -> Path:
    digest = hashlib.sha256(f"{REFERENCE_VERSION} {GENERATOR_VERSION}".encode())
    for values in (track.centre, track.left, track.right, np.array(limits, np.float64)):
        digest.update(values.tobytes())
    return cache_folder() / "tracks" / f"{digest.hexdigest()[:32]}.npz"


def _read(file: Path) -> Reference | None:
    """What is kept in `file`, or None if there is nothing whole: every member of the archive carries a checksum."""
    try:
        # from memory: when NumPy fails on a damaged archive it leaves the file open
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as kept:
            values = {field.name: kept[field.name] for field in fields(Reference)}
        found = Reference(**{name: value if value.ndim else value.item() for name, value in values.items()})
        return found if _whole(found) else None
    except Exception:  # whatever a damaged archive raises, the answer is the same: compute it again
        return None


def _whole(found: Reference) -> bool:
    m = len(found.progress)
    shapes = [found.line.shape, found.offsets.shape, found.speed.shape, found.first.shape, found.flying.shape]
    arrays = (found.line, found.offsets, found.progress, found.speed, found.first, found.flying, found.head)
    return (
        shapes == [(m, 2), (m,), (m,), (m + 1,), (m + 1,)]
        and found.head.ndim == 1
        and all(array.dtype == np.float64 and bool(np.isfinite(array).all()) for array in arrays)
    )


def _write(file: Path, made: Reference) -> None:
    """Keep `made` in `file`, whole or not at all; a folder that cannot be written to is no error."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(suffix=".tmp", dir=file.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                np.savez(stream, **{field.name: getattr(made, field.name) for field in fields(Reference)})
            os.replace(temporary, file)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError:
        return
