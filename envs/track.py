"""A track: a closed centre line with a half-width to either side, seen as a strip of convex quads.

Everything that drives, sees or draws walks along this strip, quad by quad, so its one promise is checked here: the
quads (left_i, right_i, right_i+1, left_i+1) are convex, and those of different parts never overlap.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from emergent.verb import kernel
from envs import polyline

MIN_STATIONS = 10


class TrackError(ValueError):
    """A track that cannot be driven, or a file that holds none; `station` says where along the track, if anywhere."""

    def __init__(self, message: str, station: int | None = None):
        super().__init__(message)
        self.station = station


@dataclass(frozen=True, eq=False)
class Track:
    """A closed track. Every array belongs to its n stations, in driving direction; the last station joins the first.

    Args:
        name: what a table calls it.
        centre: (n, 2) float64, m. Stations are equally spaced within a few per cent, about 2 m.
        left, right: (n,) float64, m, from the centre line to either edge, along its normal.
        family: which generator it came from, or "circuits".
        note: what was changed to make it drivable, else empty.
    """

    name: str
    centre: np.ndarray
    left: np.ndarray
    right: np.ndarray
    family: str
    note: str = ""

    def __post_init__(self) -> None:
        for field in ("centre", "left", "right"):  # one memory layout: compiled code is made once for it
            object.__setattr__(self, field, np.ascontiguousarray(getattr(self, field), np.float64))

    def __len__(self) -> int:
        return len(self.centre)

    @cached_property
    def normals(self) -> np.ndarray:
        """Unit normals to the left of the centre line, (n, 2)."""
        return polyline.normals(self.centre)

    @cached_property
    def left_edge(self) -> np.ndarray:
        """Points of the left edge, (n, 2) m, C-contiguous like all arrays here."""
        return self.centre + self.left[:, None] * self.normals

    @cached_property
    def right_edge(self) -> np.ndarray:
        """Points of the right edge, (n, 2) m."""
        return self.centre - self.right[:, None] * self.normals

    @cached_property
    def gaps(self) -> np.ndarray:
        """Distance from each station to the next, (n,) m."""
        return polyline.gaps(self.centre)

    @cached_property
    def stations(self) -> np.ndarray:
        """Distance from station 0 along the centre polyline, (n,) m; the first is 0."""
        return np.concatenate([[0.0], np.cumsum(self.gaps[:-1])])

    @property
    def length(self) -> float:
        """Length of the closed centre polyline, m."""
        return float(self.gaps.sum())

    @property
    def turning(self) -> float:
        """All turning of one lap to either side, degrees."""
        return float(np.degrees(np.abs(polyline.turns(self.centre)).sum()))

    @property
    def radius(self) -> float:
        """The least radius of the centre line, m, of the circle through three neighbouring stations."""
        return float(1.0 / max(np.abs(polyline.curvature(self.centre)).max(), 1e-9))

    def reversed(self) -> "Track":
        """The same track driven the other way round, starting at the same place."""
        turned = {field: np.roll(getattr(self, field)[::-1], 1, axis=0) for field in ("centre", "left", "right")}
        return replace(
            self, name=f"{self.name} reversed", centre=turned["centre"], left=turned["right"], right=turned["left"]
        )

    def scaled(self, scale: float) -> "Track":
        """Centre line and widths multiplied by `scale`; the stations remain, so their spacing is scaled too."""
        if scale == 1.0:
            return self
        if not (np.isfinite(scale) and scale > 0.0):
            raise TrackError(f"expected a scale above 0, got {scale}; 1 keeps the size, 0.5 halves it")
        return replace(
            self,
            name=f"{self.name} x{scale:g}",
            centre=self.centre * scale,
            left=self.left * scale,
            right=self.right * scale,
        )


def named(track: Any) -> Any:
    """`track` as it is, but a seed that is written as text as the number it means."""
    return int(track) if isinstance(track, str) and track.isdecimal() else track


def load(track: int | str | Path, scale: float = 1.0, reverse: bool = False) -> Track:
    """The track that `track` names: an integer is the seed of a generated one, text or a path a file of a circuit.

    Args:
        track: seed >= 0 (see `envs.families`) or CSV file (see `envs.circuits`).
        scale: centre line and widths are multiplied by it.
        reverse: drive it the other way round.

    Raises:
        TrackError: what was wrong with the file, the seed or the scale, and what to do.
    """
    from envs import circuits, families  # here, for both of them make tracks

    if isinstance(track, str | Path):
        loaded = circuits.read(track, scale)
    elif isinstance(track, int | np.integer) and not isinstance(track, bool):
        loaded = families.generate(int(track)).scaled(scale)
    else:
        raise TrackError(f"expected a seed (an integer) or the path of a CSV file, got {track!r}")
    return loaded.reversed() if reverse else loaded


def check(track: Track) -> Track:
    """Return `track` if it can be driven: finite, wide enough, quads convex, no part upon another.

    Raises:
        TrackError: the first thing that is wrong, with its station.
    """
    n = len(track)
    if track.centre.shape != (n, 2) or track.left.shape != (n,) or track.right.shape != (n,):
        shapes = f"{track.centre.shape}, {track.left.shape}, {track.right.shape}"
        raise TrackError(f"expected centre (n, 2) and left, right (n,), got {shapes}")
    if n < MIN_STATIONS:
        raise TrackError(f"expected at least {MIN_STATIONS} stations, got {n}; give the track more points")
    whole = np.column_stack([track.centre, track.left, track.right])
    for i in np.flatnonzero(~np.isfinite(whole).all(axis=1))[:1]:
        raise TrackError(f"expected finite numbers, got {whole[i]}{_where(track, i)}; repair that point", int(i))
    for i in np.flatnonzero((whole[:, 2:] <= 0.0).any(axis=1))[:1]:
        raise TrackError(
            f"expected widths above 0 m, got {track.left[i]:g} to the left and {track.right[i]:g} to the right"
            f"{_where(track, i)}; give both distances from the centre line",
            int(i),
        )
    for i in np.flatnonzero(folds(track.left_edge, track.right_edge))[:1]:
        raise TrackError(
            f"the track folds{_where(track, i)}: it is {track.left[i]:.1f} m wide to the left and "
            f"{track.right[i]:.1f} m to the right of its centre, which turns with a radius of "
            f"{_radius_at(track, i):.1f} m; make it narrower or the turn wider",
            int(i),
        )
    i, j = _overlap(track.left_edge, track.right_edge)
    if i >= 0:
        raise TrackError(
            f"the track crosses itself: the part{_where(track, i)} lies upon the part{_where(track, j)}; move them "
            "apart or make the track narrower",
            int(i),
        )
    return track


def _where(track: Track, i: int) -> str:
    at = 0.0 if not np.isfinite(track.stations[i]) else track.stations[i]
    return f" at station {i} ({at:.0f} m, x {track.centre[i, 0]:.1f}, y {track.centre[i, 1]:.1f})"


def _radius_at(track: Track, i: int) -> float:
    nearby = np.abs(polyline.curvature(track.centre)[[i - 1, i, (i + 1) % len(track)]])
    return float(1.0 / max(nearby.max(), 1e-9))


def folds(left_edge: np.ndarray, right_edge: np.ndarray) -> np.ndarray:
    """Which of the n quads are not convex with their corners in the right order, (n,) bool."""
    corners = [right_edge, np.roll(right_edge, -1, axis=0), np.roll(left_edge, -1, axis=0), left_edge]
    folded = np.zeros(len(left_edge), bool)
    for k in range(4):
        a, b, c = corners[k], corners[(k + 1) % 4], corners[(k + 2) % 4]
        cross = (b - a)[:, 0] * (c - b)[:, 1] - (b - a)[:, 1] * (c - b)[:, 0]
        folded |= ~(cross > 0.0)
    return folded


@kernel
def _corners(left_edge, right_edge, i, quad):
    """Write the corners of quad `i`, counter-clockwise, into `quad` (4, 2)."""
    after = i + 1 if i + 1 < len(left_edge) else 0
    for d in range(2):  # number by number: slices take seconds longer to compile
        quad[0, d], quad[1, d] = right_edge[i, d], right_edge[after, d]
        quad[2, d], quad[3, d] = left_edge[after, d], left_edge[i, d]


@kernel
def _separated(a, b):
    """Whether a side of the convex quad `a` (4, 2), counter-clockwise, has all of `b` outside or on it."""
    for k in range(4):
        after = (k + 1) % 4
        x, y = a[after, 0] - a[k, 0], a[after, 1] - a[k, 1]
        outside = True
        for m in range(4):
            if x * (b[m, 1] - a[k, 1]) - y * (b[m, 0] - a[k, 0]) > 0.0:
                outside = False
        if outside:
            return True
    return False


@kernel
def _overlap(left_edge, right_edge):
    """The first two quads that overlap though they are not neighbours, (i, j), or (-1, -1) (separating axes).

    One quad on, the middle of the road has moved by no more than `drift`: so far parts are passed in long leaps.
    """
    n = len(left_edge)
    middle = np.empty((n, 2))
    for i in range(n):
        middle[i, 0] = 0.5 * (left_edge[i, 0] + right_edge[i, 0])
        middle[i, 1] = 0.5 * (left_edge[i, 1] + right_edge[i, 1])
    reach, drift = 0.0, 0.0
    for i in range(n):
        across = math.hypot(left_edge[i, 0] - right_edge[i, 0], left_edge[i, 1] - right_edge[i, 1])
        reach = max(reach, 0.5 * across)
        drift = max(drift, math.hypot(middle[i, 0] - middle[i - 1, 0], middle[i, 1] - middle[i - 1, 1]))
    reach = 2.0 * (reach + drift)  # beyond it two quads cannot touch
    a, b = np.empty((4, 2)), np.empty((4, 2))
    for i in range(n):
        _corners(left_edge, right_edge, i, a)
        j = i + 2
        while j < n + min(i - 1, 0):
            far = math.hypot(middle[i, 0] - middle[j, 0], middle[i, 1] - middle[j, 1]) - reach
            if far > 0.0:
                j += 1 + int(far / drift)
                continue
            _corners(left_edge, right_edge, j, b)
            if not (_separated(a, b) or _separated(b, a)):
                return i, j
            j += 1
    return -1, -1
