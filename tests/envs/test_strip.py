"""The strip: what a beam hits and how far the edges are, against trying all of them."""

import math

import naive
import numpy as np
import pytest

from envs import strip
from envs.circuits import read
from envs.families import generate

FAMILIES = (0, 1, 2, 3, 4, 5)  # seeds: two tracks of each of the three families
CIRCUITS = ("Norisring", "Spielberg", "Monza")
REACH = 80.0


@pytest.fixture(scope="module")
def tracks(test_data):
    """Generated tracks and real circuits."""
    return [*map(generate, FAMILIES), *(read(test_data / "tracks" / f"{name}.csv") for name in CIRCUITS)]


def sides(edges):
    """The left and the right edge of a bank, (n, 2) each."""
    return edges[:, :2], edges[:, 2:]


def points(track, count, seed=0):
    """Points inside the quads of a track, as (quads, points): convex mixtures of the corners, corners nearly too."""
    draw = np.random.default_rng(seed)
    quads = draw.integers(0, len(track), count)
    after = (quads + 1) % len(track)
    corners = np.stack(
        [track.left_edge[quads], track.right_edge[quads], track.left_edge[after], track.right_edge[after]]
    )
    shares = draw.dirichlet([0.5] * 4, count).T * 0.998 + 0.0005
    return quads, (corners * shares[..., None]).sum(axis=0) / shares.sum(axis=0)[:, None]


def check_beams(track, count):
    first, edges, _ = strip.bank([track])
    quads, places = points(track, count)
    angles = np.random.default_rng(1).uniform(-np.pi, np.pi, (count, 10))
    worst = 0.0
    for k, (x, y), beams in zip(quads, places, angles, strict=True):
        found = [
            strip.sight(edges, first[0], first[1], k, x, y, math.cos(angle), math.sin(angle), REACH) for angle in beams
        ]
        expected = naive.ranges(sides(edges), (), x, y, beams, REACH)
        worst = max(worst, np.abs(found - expected).max())
    return worst


@pytest.mark.parametrize("seed", FAMILIES)
def test_beams_on_generated_tracks_end_at_the_first_edge(seed):
    assert check_beams(generate(seed), 250) < 1e-9


@pytest.mark.parametrize("name", CIRCUITS)
def test_beams_on_circuits_end_at_the_first_edge(test_data, name):
    assert check_beams(read(test_data / "tracks" / f"{name}.csv"), 250) < 1e-9


def test_beams_along_the_track_and_through_corners(ring):
    """The awkward ones: from the middle of a portal, along portals, and straight through edge points."""
    first, edges, _ = strip.bank([ring])
    worst = 0.0
    for k in range(0, len(ring), 7):
        left, right = sides(edges)
        x, y = 0.5 * (left[k] + right[k])
        targets = [left[k], right[k], left[(k + 5) % 120], right[(k + 2) % 120], right[(k - 4) % 120]]
        angles = [np.arctan2(b - y, a - x) for a, b in targets]
        found = [
            strip.sight(edges, first[0], first[1], k, x, y, math.cos(angle), math.sin(angle), REACH) for angle in angles
        ]
        expected = naive.ranges(sides(edges), (), x, y, angles, REACH)
        worst = max(worst, np.abs(found - expected).max())
    assert worst < 1e-6


def test_a_beam_along_the_portal_at_the_start_sees_the_edge():
    """Where the road is straight, the outermost beams of a car at the start run along the portal to the last bit."""
    for seed in (77, 2, 5):
        track = generate(seed).reversed()
        first, edges, _ = strip.bank([track])
        (x, y), ahead = track.centre[0], track.centre[1] - track.centre[0]
        heading = np.arctan2(ahead[1], ahead[0])
        for angle in heading + np.linspace(-np.pi / 2, np.pi / 2, 9):
            expected = naive.ranges(sides(edges), (), x, y, [angle], REACH)[0]
            assert strip.sight(
                edges, first[0], first[1], 0, x, y, math.cos(angle), math.sin(angle), REACH
            ) == pytest.approx(expected)


def test_a_beam_ends_at_its_reach(ring):
    first, edges, _ = strip.bank([ring])
    x, y = ring.centre[10]
    for angle in np.linspace(-np.pi, np.pi, 50):
        whole = strip.sight(edges, first[0], first[1], 10, x, y, math.cos(angle), math.sin(angle), 1000.0)
        for reach in (0.5 * whole, whole - 1e-9, whole + 1e-9, 2 * whole):
            assert strip.sight(edges, first[0], first[1], 10, x, y, math.cos(angle), math.sin(angle), reach) == min(
                whole, reach
            )


def test_the_clearance_is_that_to_the_nearest_edge(tracks):
    worst = 0.0
    for track in tracks:
        first, edges, _ = strip.bank([track])
        quads, places = points(track, 150, seed=2)
        for k, (x, y) in zip(quads, places, strict=True):
            expected = naive.clearance(sides(edges), (), x, y)
            found = strip.clearance(edges, first[0], first[1], k, x, y)
            assert found >= expected - 1e-9
            if expected < 3.0:  # that far it is promised: three times the clearance that counts
                worst = max(worst, found - expected)
    assert worst < 1e-9


def test_tracks_stand_one_after_another_in_a_bank(tracks):
    first, edges, station = strip.bank(tracks[:3])
    assert first.tolist() == np.cumsum([0, *map(len, tracks[:3])]).tolist()
    for i, track in enumerate(tracks[:3]):
        own = slice(first[i], first[i + 1])
        np.testing.assert_array_equal(edges[own, :2], track.left_edge)
        np.testing.assert_array_equal(edges[own, 2:], track.right_edge)
        np.testing.assert_array_equal(station[own], track.stations)
    for array in (edges, station):
        assert array.flags.c_contiguous
        assert array.dtype == np.float64


def test_a_question_to_a_track_in_a_bank_is_answered_as_if_it_were_alone(tracks):
    first, edges, _ = strip.bank(tracks[:3])
    alone_first, alone_edges, _ = strip.bank([tracks[1]])
    for k, (x, y) in zip(*points(tracks[1], 50), strict=True):
        angle = x % 3
        one = strip.sight(edges, first[1], first[2], first[1] + k, x, y, math.cos(angle), math.sin(angle), REACH)
        other = strip.sight(
            alone_edges, alone_first[0], alone_first[1], k, x, y, math.cos(angle), math.sin(angle), REACH
        )
        assert one == other


def test_stations_follow_each_other_in_a_circle():
    assert [strip.after(k, 5, 9) for k in range(5, 9)] == [6, 7, 8, 5]
    assert [strip.before(k, 5, 9) for k in range(5, 9)] == [8, 5, 6, 7]


@pytest.mark.parametrize(
    ("point", "expected"), [((0, 1), 1), ((5, 4), 5), ((-3, 4), 5), ((1, 0), 0), ((2.5, 0), 0.5), ((1, -2), 2)]
)
def test_the_distance_to_a_segment(point, expected):
    """From (0, 0) to (2, 0): beside it, and beyond either end."""
    assert strip._squared_distance(0.0, 0.0, 2.0, 0.0, *map(float, point)) == pytest.approx(expected**2)


def test_ahead_is_signed_distance_from_a_portal(ring):
    _, edges, _ = strip.bank([ring])
    for k in range(0, 120, 11):
        angle = 2 * np.pi * k / 120
        normal = np.array([-np.sin(angle), np.cos(angle)])
        for distance in (-2.0, 0.0, 1.5):
            x, y = ring.centre[k] + distance * normal
            assert strip.ahead(edges, k, x, y) == pytest.approx(distance, abs=1e-9)
