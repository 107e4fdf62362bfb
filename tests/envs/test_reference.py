"""The reference driver: its speeds, its line, how nearly it is the fastest, and the cache it is kept in."""

import os
import stat

import numpy as np
import pytest

from emergent.cache import cache_folder
from emergent.verbs import advance, begin, sizes
from envs import circuits, families, least_curvature, least_time
from envs import reference as module
from envs.car import PROGRESS
from envs.corridor import corridor, line
from envs.limits import Limits
from envs.reference import Reference, centre_line, compute, reference, references
from envs.speed import Pace, first_speed, flying_speed
from envs.track import Track, TrackError
from envs.world import build
from tests import naive_tracks

LIMITS = Limits()
NAIVE_LIMITS = (LIMITS.top_speed, LIMITS.acceleration, LIMITS.braking, LIMITS.grip)
PACE = Pace(30.0, 5.0, 8.0, 8.0)


def circle(radius: float, width: float) -> Track:
    angle = 2.0 * np.pi * np.arange(int(np.pi * radius)) / int(np.pi * radius)
    half = np.full(len(angle), 0.5 * width)
    return Track("circle", radius * np.stack([np.cos(angle), np.sin(angle)], axis=1), half, half, "test")


@pytest.fixture(scope="module")
def driven():
    """Six tracks, two of each family, with their reference drivers."""
    return [(track, compute(track, LIMITS)) for track in map(families.generate, range(6))]


# --- speed -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_flying_speed_is_the_naive_one(seed):
    draw = np.random.default_rng(seed)
    bend = draw.normal(0.0, 0.05, 300) * (draw.uniform(size=300) < 0.1)
    gap = draw.uniform(0.5, 1.5, 300)
    np.testing.assert_allclose(flying_speed(bend, gap, PACE), naive_tracks.speed_profile(bend, gap, *PACE), rtol=1e-12)


def test_speed_without_turns_is_the_top_speed():
    np.testing.assert_array_equal(flying_speed(np.zeros(50), np.ones(50), PACE), 30.0)


def test_first_lap_accelerates_as_the_closed_form_says():
    speed = first_speed(np.full(200, 30.0), np.ones(200), PACE, 5.0)
    np.testing.assert_allclose(speed, np.minimum(30.0, np.sqrt(25.0 + 10.0 * np.arange(201))))
    assert first_speed(np.full(9, 3.0), np.ones(9), PACE, 5.0)[0] == 3.0  # no faster than the line allows


# --- the line --------------------------------------------------------------------------------------------------------


def test_on_a_circle_the_fastest_line_is_the_inner_edge():
    """Lap time at the grip's limit is 2 pi sqrt(R / grip): the least radius wins, here 20 m of 18 to 26."""
    track = circle(22.0, 6.0)
    made = compute(track, LIMITS)
    assert made.lap_time == pytest.approx(2.0 * np.pi * np.sqrt(20.0 / LIMITS.grip), rel=3e-3)
    assert centre_line(track, LIMITS).lap_time == pytest.approx(2.0 * np.pi * np.sqrt(22.0 / LIMITS.grip), rel=3e-3)
    np.testing.assert_allclose(made.offsets, 2.0, atol=0.05)


def test_the_banded_solver_solves():
    draw = np.random.default_rng(0)
    for m in (9, 10, 31):
        slope = draw.normal(size=(m, 3))
        matrix = np.zeros((m, m))
        for i in range(m):
            matrix[i, [i - 1, i, (i + 1) % m]] = slope[i]
        matrix = matrix.T @ matrix + 0.1 * np.eye(m)
        i = np.arange(m)
        right = draw.normal(size=m)
        found = right.copy()
        least_curvature._solve_ring(
            matrix[i, i].copy(), matrix[i, (i + 1) % m].copy(), matrix[i, (i + 2) % m].copy(), found
        )
        np.testing.assert_allclose(found, np.linalg.solve(matrix, right), rtol=1e-8, atol=1e-10)


def test_a_bump_is_valued_as_driving_the_whole_lap_anew_values_it():
    """The search drives only what a bump changes; its gains must be those of whole laps."""
    track = families.generate(1)
    where = corridor(track, LIMITS.clearance)
    m, draw, tried = len(where.low), np.random.default_rng(0), 0
    now, new, whole = (least_time._blank_drive(m) for _ in range(3))
    now.offset[:] = least_curvature.least_curvature(where, 0.0)
    least_time._drive_all(where, PACE, now)

    def lap(drive):
        return (2.0 * drive.gap / (drive.speed + np.roll(drive.speed, -1))).sum()

    for _ in range(200):
        first, half = int(draw.integers(m)), int(draw.integers(3, 50))
        if not least_time._bump(where, now, new, first, first + 2 * half, draw.normal(0.0, 0.3)):
            continue
        gain, lowest, highest = least_time._try(PACE, now, new, first, first + 2 * half, 0.0)
        if not np.isfinite(gain):
            continue
        whole.offset[:] = now.offset
        changed = np.arange(first, first + 2 * half + 1) % m
        whole.offset[changed] = new.offset[changed]
        least_time._drive_all(where, PACE, whole)
        assert gain == pytest.approx(lap(now) - lap(whole), abs=1e-9)
        tried += 1
        if gain > 0.0:
            least_time._take(now, new, first, first + 2 * half, lowest, highest)
            np.testing.assert_allclose(now.speed, whole.speed, atol=1e-9)
    assert tried > 100


def test_the_line_keeps_the_clearance_everywhere(driven):
    for track, made in driven:
        fine = naive_tracks.resampled(made.line, 0.25)[0]
        assert naive_tracks.clearance(fine, track.left_edge, track.right_edge).min() >= LIMITS.clearance


def test_the_lap_is_the_naive_one(driven):
    """Timed by SciPy's spline and the naive speeds, that is by nothing the search could have bent its line to."""
    for _, made in driven:
        assert naive_tracks.lap_time(made.line, NAIVE_LIMITS) == pytest.approx(made.lap_time, rel=6e-3)


def test_the_line_beats_the_centre_line(driven):
    for track, made in driven:
        assert made.lap_time < 0.97 * centre_line(track, LIMITS).lap_time


def test_it_never_loses_to_the_centre_line_even_without_a_search(monkeypatch):
    monkeypatch.setattr(module, "_fastest", lambda track, limits, where: where.low + 0.01)
    track = families.generate(0)
    assert compute(track, LIMITS).lap_time == centre_line(track, LIMITS).lap_time


def test_no_hill_climb_from_its_line_gains_more_than_one_per_cent(driven):
    for k in (0, 1):
        track, made = driven[k]
        draws = np.random.default_rng(k).uniform(size=(20_000, 4))
        rival, own = naive_tracks.climbed(
            made.line, track.left_edge, track.right_edge, LIMITS.clearance, NAIVE_LIMITS, draws
        )
        assert rival >= 0.99 * own


def test_it_is_seldom_at_top_speed(driven):
    assert np.mean([made.share_at(LIMITS.top_speed) for _, made in driven]) < 0.2


def test_on_a_real_circuit_it_beats_a_line_of_least_curvature(test_data):
    track = circuits.read(test_data / "tracks" / "Norisring.csv", 0.5)
    made = compute(track, LIMITS)
    assert made.lap_time < centre_line(track, LIMITS).lap_time
    rival = naive_tracks.least_curvature(
        track.centre, track.normals, LIMITS.clearance - track.right, track.left - LIMITS.clearance, rounds=2
    )
    rival_line = track.centre + rival[:, None] * track.normals
    assert made.lap_time <= 1.01 * naive_tracks.lap_time(rival_line, NAIVE_LIMITS)
    fine = naive_tracks.resampled(made.line, 0.5)[0]
    assert naive_tracks.clearance(fine, track.left_edge, track.right_edge).min() >= LIMITS.clearance - 1e-3


def test_a_road_too_narrow_for_the_car_is_refused():
    with pytest.raises(TrackError, match=r"circle is 2.00 m wide .* larger scale"):
        reference(circle(22.0, 2.0), LIMITS)


# --- distance over time ----------------------------------------------------------------------------------------------


def test_distance_over_time_is_periodic_and_consistent(driven):
    for track, made in driven:
        assert made.progress[0] == 0.0
        assert (np.diff(made.progress) > 0.0).all()
        assert made.distance_at(0.0) == 0.0
        assert made.distance_at(made.first[-1]) == pytest.approx(track.length)
        later = made.first[-1] + np.linspace(0.0, 50.0, 40)
        np.testing.assert_allclose(made.distance_at(later + made.lap_time) - made.distance_at(later), track.length)
        table = made.distances(60.0)
        assert table.shape == (601,)
        assert (np.diff(table) > 0.0).all()
        assert table[599] == pytest.approx(float(made.distance_at(59.9)))


def test_the_first_lap_starts_at_the_start_speed(driven):
    """From 5 m/s at 5 m/s^2: after a second 7.5 m of the line, and its first metres run along the centre line's."""
    for _, made in driven:
        assert made.first[-1] > made.lap_time
        spacing = np.hypot(*(made.line[1] - made.line[0]))
        assert spacing / made.first[1] == pytest.approx(LIMITS.start_speed, rel=0.15)


@pytest.mark.parametrize("seed", range(2, 92, 6))
def test_nobody_is_faster_down_the_straight_at_the_start(seed):
    """At full throttle from the start, straight on, in whatever time, until the reference slows down for a bend.

    But for centimetres: no road is quite straight.
    """
    car = build([families.generate(seed)])
    half_seconds = car.pace[0, 10:] - 2 * car.pace[0, 5:-5] + car.pace[0, :-10]
    slows = int(np.argmax(half_seconds < 0.95 * LIMITS.acceleration * 0.5**2)) + 5
    assert slows > 10
    body = np.zeros(sizes(car)[0])
    begin(car, 0, body)
    for step in range(1, slows + 1):
        advance(car, body, np.array([0.0, 1.0], np.float32))
        assert body[PROGRESS] <= 1.002 * car.pace[0, step]


# --- kept on disk ----------------------------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EMERGENT_CACHE_DIR", str(tmp_path))
    return tmp_path / "tracks"


def same(one: Reference, other: Reference) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in Reference.__dataclass_fields__)


def test_a_reference_is_computed_once(cache, monkeypatch):
    track = families.generate(2)
    made = reference(track, LIMITS)
    assert len(list(cache.iterdir())) == 1
    monkeypatch.setattr(module, "compute", lambda *arguments: pytest.fail("computed again"))
    kept = reference(track, LIMITS)
    assert same(kept, made)
    assert isinstance(kept.length, float)
    assert kept.generator_version == families.GENERATOR_VERSION


def test_other_limits_or_another_track_have_their_own_file(cache):
    names = {
        module._file(track, limits)
        for track in (families.generate(2), families.generate(2).reversed(), families.generate(3))
        for limits in (LIMITS, LIMITS._replace(grip=7.0), LIMITS._replace(start_speed=0.0))
    }
    assert len(names) == 9
    assert {name.parent for name in names} == {cache_folder() / "tracks"}


def test_damaged_files_are_computed_again(cache, monkeypatch):
    track = families.generate(2)
    made = reference(track, LIMITS)
    monkeypatch.setattr(module, "compute", lambda *arguments: made)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    for end in range(0, len(whole), len(whole) // 23):
        file.write_bytes(whole[:end])
        assert module._read(file) is None
    draw = np.random.default_rng(0)
    for place in draw.integers(len(whole), size=300):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << int(draw.integers(8))
        file.write_bytes(bytes(damaged))
        kept = module._read(file)
        assert kept is None or same(kept, made)
    assert same(reference(track, LIMITS), made)
    assert same(module._read(file), made)
    assert [name.suffix for name in cache.iterdir()] == [".npz"]


@pytest.mark.skipif(os.name != "posix", reason="folders are made read-only by their mode")
def test_a_cache_that_cannot_be_written_is_no_error(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("EMERGENT_CACHE_DIR", str(blocked))
    track = families.generate(2)
    assert reference(track, LIMITS).lap_time > 0.0
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(stat.S_IRUSR | stat.S_IXUSR)
    monkeypatch.setenv("EMERGENT_CACHE_DIR", str(locked))
    assert reference(track, LIMITS).lap_time > 0.0


def test_many_are_made_by_threads_in_order_and_alike(cache):
    tracks = [families.generate(seed) for seed in (3, 0, 3)]
    many = references(tracks, LIMITS, workers=2)
    assert [made.length for made in many] == [track.length for track in tracks]
    assert same(many[0], compute(tracks[0], LIMITS))
    assert same(many[0], many[2])


def test_corridor_is_where_the_clearance_is_kept():
    track = families.generate(4)
    where = corridor(track, LIMITS.clearance)
    for side in (where.low, where.high):
        free = naive_tracks.clearance(line(where, side), track.left_edge, track.right_edge)
        np.testing.assert_allclose(free, LIMITS.clearance, atol=0.01)
