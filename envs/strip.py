"""Tracks as strips of quadrilaterals, many in one record: where a point is, how far the edges are, what a beam hits.

Quad k of a track lies between the portals k and k + 1; a portal joins the left and the right edge point of a station.
Whoever moves, a car or a beam of light, passes from quad to quad through portals, so that every question is local: a
walk of a few quads, exact, with no grid and no search. A beam cannot see another part of the track beyond a wall.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from emergent.verb import LEAN, kernel

_LOOK = 8  # quads that a beam passes between two looks whether it has left its range: it is cut to it in the end anyway


def bank(tracks: Sequence[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The strips of `tracks`, one after another.

    Returns:
        first: (tracks + 1,) int64: track i has the stations first[i] .. first[i + 1] - 1.
        edges: (stations, 4) x and y of the left and of the right edge point [m], in one row: they are read together.
        station: (stations,) distance from the start along the centre [m].
    """
    first = np.cumsum([0, *(len(track.centre) for track in tracks)])
    edges = np.concatenate([np.hstack([track.left_edge, track.right_edge]) for track in tracks])
    station = np.concatenate([track.stations for track in tracks])
    return first.astype(np.int64), np.ascontiguousarray(edges), station


@kernel(**LEAN)
def after(k, first, end):
    """The station after k on a closed track of the stations first..end-1."""
    return k + 1 if k + 1 < end else first


@kernel(**LEAN)
def before(k, first, end):
    """The station before k on a closed track of the stations first..end-1."""
    return k - 1 if k > first else end - 1


@kernel(**LEAN)
def passed(edges, k, x, y):
    """Whether the point is beyond portal k, or on it: the sign of `ahead`."""
    dx, dy = edges[k, 2] - edges[k, 0], edges[k, 3] - edges[k, 1]
    return dx * (y - edges[k, 1]) - dy * (x - edges[k, 0]) >= 0.0


@kernel(**LEAN)
def ahead(edges, k, x, y):
    """How far the point is beyond portal k [m], along its normal; negative before it."""
    dx, dy = edges[k, 2] - edges[k, 0], edges[k, 3] - edges[k, 1]
    return (dx * (y - edges[k, 1]) - dy * (x - edges[k, 0])) / math.sqrt(dx * dx + dy * dy)


@kernel(**LEAN)
def clearance(edges, first, end, k, x, y):
    """Distance [m] of a point in quad k to the nearer edge.

    From portal to portal both ways, as long as a portal is near enough for an edge behind it to be nearer than all
    seen so far: whatever is nearer must be reached through it.
    """
    b = after(k, first, end)
    nearest = _to_edges(edges, k, b, x, y)
    nearest = _beyond_portals(edges, first, end, b, True, x, y, nearest)
    return math.sqrt(_beyond_portals(edges, first, end, k, False, x, y, nearest))


@kernel(**LEAN)
def _beyond_portals(edges, first, end, k, forth, x, y, nearest):
    """The least of `nearest` [m^2] and the squared distances to the edges beyond portal k, forth or back."""
    for _ in range(end - first):
        if _to_portal(edges, k, x, y) >= nearest:
            break
        beyond = after(k, first, end) if forth else before(k, first, end)
        nearest = min(nearest, _to_edges(edges, k, beyond, x, y))
        k = beyond
    return nearest


@kernel(**LEAN)
def _to_edges(edges, a, b, x, y):
    """Squared distance [m^2] of a point to the nearer of the edges between the portals a and b."""
    left = _squared_distance(edges[a, 0], edges[a, 1], edges[b, 0], edges[b, 1], x, y)
    return min(left, _squared_distance(edges[a, 2], edges[a, 3], edges[b, 2], edges[b, 3], x, y))


@kernel(**LEAN)
def _to_portal(edges, k, x, y):
    """Squared distance [m^2] of a point to portal k."""
    return _squared_distance(edges[k, 0], edges[k, 1], edges[k, 2], edges[k, 3], x, y)


@kernel(**LEAN)
def _squared_distance(ax, ay, bx, by, x, y):
    """Squared distance [m^2] of a point to the segment from a to b."""
    dx, dy, px, py = bx - ax, by - ay, x - ax, y - ay
    t = min(max((px * dx + py * dy) / (dx * dx + dy * dy), 0.0), 1.0)
    px, py = px - t * dx, py - t * dy
    return px * px + py * py


@kernel(**LEAN)
def sight(edges, first, end, k, x, y, ux, uy, reach):
    """How far a beam along (ux, uy) from a point in quad k goes before it meets an edge, at most `reach` [m].

    A ray from within a convex polygon, its corners in counter-clockwise order, leaves through the one side that begins
    to the right of the ray and ends to its left.
    """
    b = after(k, first, end)
    front_left, front_right = _sides(edges, b, x, y, ux, uy)
    if front_right <= 0.0 < front_left:
        return min(max(_through(edges, first, end, b, True, x, y, ux, uy, reach), 0.0), reach)
    rear_left, rear_right = _sides(edges, k, x, y, ux, uy)
    if rear_left <= 0.0 < rear_right:
        return min(max(_through(edges, first, end, k, False, x, y, ux, uy, reach), 0.0), reach)
    if front_left <= 0.0 < rear_left:
        return min(max(_hit(edges, b, k, 0, x, y, ux, uy), 0.0), reach)
    if rear_right <= 0.0 < front_right:
        return min(max(_hit(edges, k, b, 2, x, y, ux, uy), 0.0), reach)
    return min(_to_corner(edges, k, b, x, y, ux, uy), reach)  # along a portal: rounding has put all on one side


@kernel(**LEAN)
def _through(edges, first, end, k, forth, x, y, ux, uy, reach):
    """How far a beam goes that passes through portal k, forth or back: to the first portal that it misses, on a wall.

    Where it is known to have come in between the ends of a portal, it is enough to ask where those of the next lie.
    """
    for step in range(end - first - 1):
        if step % _LOOK == 0 and _beyond(edges, k, x, y, ux, uy, reach):
            break
        beyond = after(k, first, end) if forth else before(k, first, end)
        left, right = _sides(edges, beyond, x, y, ux, uy)
        if (left <= 0.0) if forth else (left > 0.0):
            return _hit(edges, beyond, k, 0, x, y, ux, uy) if forth else _hit(edges, k, beyond, 0, x, y, ux, uy)
        if (right > 0.0) if forth else (right <= 0.0):
            return _hit(edges, k, beyond, 2, x, y, ux, uy) if forth else _hit(edges, beyond, k, 2, x, y, ux, uy)
        k = beyond
    return reach


@kernel(**LEAN)
def _sides(edges, k, x, y, ux, uy):
    """Of the two ends of portal k, left and right: positive where one lies to the left of the beam."""
    left = ux * (edges[k, 1] - y) - uy * (edges[k, 0] - x)
    right = ux * (edges[k, 3] - y) - uy * (edges[k, 2] - x)
    return left, right


@kernel(**LEAN)
def _beyond(edges, k, x, y, ux, uy, reach):
    """Whether both ends of portal k, and so all of it, are farther along the beam than `reach`."""
    left = (edges[k, 0] - x) * ux + (edges[k, 1] - y) * uy
    right = (edges[k, 2] - x) * ux + (edges[k, 3] - y) * uy
    return min(left, right) > reach


@kernel(**LEAN)
def _hit(edges, a, b, side, x, y, ux, uy):
    """Distance along the beam to the line through the edge points a and b; `side` 0: left, 2: right."""
    ax, ay = edges[a, side], edges[a, side + 1]
    dx, dy = edges[b, side] - ax, edges[b, side + 1] - ay
    return ((ax - x) * dy - (ay - y) * dx) / (ux * dy - uy * dx)


@kernel(**LEAN)
def _to_corner(edges, a, b, x, y, ux, uy):
    """Distance along the beam to that corner of the quad ahead of it which it passes nearest."""
    least, distance = np.inf, 0.0
    for k in (a, b):
        for side in (0, 2):
            dx, dy = edges[k, side] - x, edges[k, side + 1] - y
            aside, along = abs(ux * dy - uy * dx), dx * ux + dy * uy
            if along > 0.0 and aside < least:
                least, distance = aside, along
    return distance
