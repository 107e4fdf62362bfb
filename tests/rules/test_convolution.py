"""The rule `convolution`: against its twin, and against what linear rules are known to do."""

from itertools import pairwise

import naive
import numpy as np
import pytest

from emergent import parts
from emergent.inference import Kept, phi_prime
from emergent.model import Blueprint
from emergent.rules.convolution import convolution
from emergent.spaces import grid, tape
from emergent.verbs import express, genes, parameters, reach

QUIET = {"operation": "add", "held": False, "at": [[0, 0], [0, 1]], "constant": 0.0}  # with the input 0, nothing
DELTA = [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
MEAN = [[1 / 9] * 3] * 3


@pytest.fixture(scope="module")
def bare(blueprint):
    """Makes blueprints of a grid on which nothing but the rule acts."""

    def make(shape, boundary, rule, steps):
        channels, height, width = shape
        space = {"height": height, "width": width, "channels": channels, "boundary": boundary}
        decoder = {"at": [[0, 0]]}
        return blueprint("grid", 1, 1, space=space, rule=rule, encoder=QUIET, halting={"steps": steps}, decoder=decoder)

    return make


@pytest.mark.parametrize("boundary", ["zero", "periodic", "edge"])
@pytest.mark.parametrize("activation", ["tanh", "softsign", "clip"])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("size", [3, 5])
def test_every_step_equals_the_twin(bare, watch, size, channels, activation, boundary):
    draw = np.random.default_rng(hash((channels, len(activation), len(boundary))) % 1000)
    for height, width in [(1, 2), (2, 1), (3, 3), (7, 12)]:
        shape = channels, height, width
        if height * width < 3 and width < 2:
            continue  # the input needs two cells of the first row
        cells = draw.normal(0, 1.5, shape).astype(np.float32)
        kernel, bias = draw.normal(0, 2.1 / size, (size, size)), draw.normal(0, 0.5)
        dt, leak, drift = draw.uniform(0.05, 1), draw.uniform(0, 1), draw.uniform(0, 1)
        rule = {
            "kernel": kernel.tolist(),
            "bias": bias,
            "activation": activation,
            "dt": dt,
            "leak": leak,
            "drift": drift,
        }
        film = watch(bare(shape, boundary, rule, 8), cells)
        np.testing.assert_array_equal(film[0], cells.ravel())
        for before, after in pairwise(film):
            now = before.reshape(shape).astype(float)
            expected = naive.convolution_step(now, kernel, bias, activation, dt, leak, drift, boundary)
            np.testing.assert_allclose(after, expected.ravel(), atol=1e-5)


def test_the_kernel_with_a_one_in_the_middle_copies(bare, watch):
    cells = np.random.default_rng(0).integers(-64, 65, (1, 6, 5)) / 64  # nothing is rounded
    for boundary in ("zero", "periodic", "edge"):
        film = watch(bare((1, 6, 5), boundary, {"kernel": DELTA, "activation": "clip"}, 4), cells)
        for row in film:
            np.testing.assert_array_equal(row, cells.ravel())


@pytest.mark.parametrize(("size", "y", "x"), [(size, y, x) for size in (3, 5) for y, x in np.ndindex(size, size)])
def test_a_weight_belongs_to_the_neighbour_at_its_place(bare, watch, size, y, x):
    """On a ring a kernel of one 1 shifts the picture: what stood at the neighbour now stands here."""
    kernel = np.zeros((size, size))
    kernel[y, x] = 1
    cells = np.random.default_rng(1).integers(-64, 65, (6, 5)) / 64  # nothing is rounded
    film = watch(bare((1, 6, 5), "periodic", {"kernel": kernel.tolist(), "activation": "clip"}, 3), cells)
    up, left = y - size // 2, x - size // 2
    for t, row in enumerate(film):
        np.testing.assert_array_equal(row.reshape(6, 5), np.roll(cells, (-t * up, -t * left), (0, 1)))


def test_diffusion_on_a_ring_keeps_the_mass(bare, watch):
    """Within the linear range of clip, a kernel of sum 1 neither makes nor loses anything; and it evens out."""
    cells = np.random.default_rng(2).uniform(-0.9, 0.9, (1, 8, 9)).astype(np.float32)
    film = watch(bare((1, 8, 9), "periodic", {"kernel": MEAN, "activation": "clip"}, 60), cells)
    masses = film.sum(axis=1, dtype=float)
    np.testing.assert_allclose(masses, masses[0], atol=1e-4)
    assert film[-1].std() < 0.01 * film[0].std()


def test_without_drive_a_cell_decays_at_the_rate_of_the_leak(bare, watch):
    rule = {"kernel": 0.0, "dt": 0.1, "leak": 0.5, "activation": "clip"}
    film = watch(bare((1, 2, 3), "zero", rule, 30), np.ones((1, 2, 3)))
    np.testing.assert_allclose(film[30], (1 - 0.1 * 0.5) ** 30, rtol=1e-5)


@pytest.mark.parametrize("activation", ["tanh", "softsign", "clip"])
def test_cells_stay_bounded_by_one_over_the_leak(bare, watch, activation):
    rule = {"kernel": 100.0, "bias": 3.0, "dt": 0.5, "leak": 0.5, "activation": activation}
    film = watch(bare((1, 7, 7), "periodic", rule, 100), np.random.default_rng(3).normal(0, 1, (7, 7)))
    assert np.isfinite(film).all()
    assert np.abs(film[-1]).max() <= 2.0 + 1e-5


def test_gains_are_kept_to_the_last_bit_without_drift(bare, watch):
    cells = np.random.default_rng(4).normal(0, 1, (2, 6, 5)).astype(np.float32)
    film = watch(bare((2, 6, 5), "periodic", {"drift": 0.0}, 50), cells).reshape(51, 2, 6, 5)
    np.testing.assert_array_equal(film[:, 1], np.tile(cells[1], (51, 1, 1)))


def test_drifting_gains_keep_their_mass_on_a_ring(bare, watch):
    cells = np.random.default_rng(5).normal(0, 1, (2, 6, 5)).astype(np.float32)
    film = watch(bare((2, 6, 5), "periodic", {"drift": 0.7, "dt": 0.5}, 40), cells).reshape(41, 2, 6, 5)
    np.testing.assert_allclose(film[:, 1].sum(axis=(1, 2)), cells[1].sum(), atol=1e-4)
    assert film[-1, 1].std() < 0.05 * cells[1].std()


def test_a_gain_of_one_is_the_rule_without_gains(bare, watch):
    cells = np.random.default_rng(6).normal(0, 1, (1, 6, 5)).astype(np.float32)
    gated = np.concatenate([cells, np.ones_like(cells)])
    rule = {"kernel": np.random.default_rng(7).normal(0, 1, (3, 3)).tolist(), "bias": 0.1}
    one = watch(bare((1, 6, 5), "edge", rule, 10), cells)
    two = watch(bare((2, 6, 5), "edge", rule, 10), gated)
    np.testing.assert_array_equal(one, two[:, :30])


PUBLISHED = {
    "space": {"name": "grid", "height": 20, "width": 20, "boundary": "edge"},
    "encoder": {"name": "injection", "at": [[3, 0], [6, 0]], "constant": None},
    "halting": {"name": "threshold", "at": [[10, 19]], "level": 0.7, "damping": 0.3, "max_steps": 100},
    "decoder": {"name": "readout", "at": [[3, 19], [6, 19]]},
}


def published(kernel, retained=True):
    """The Convolutional Turing Machine as its author published it, of this kernel."""
    rule = {"activation": "identity", "dt": 0.1, "leak": 0.0, "kernel": np.rot90(kernel, 2).tolist()}
    return Blueprint(
        **PUBLISHED, rule={"name": "convolution", **rule}, low=[0, 0], high=[1, 1], outputs=2, retained=retained
    ).template


def test_the_published_machine_equals_the_twin_thought_by_thought():
    """Some halt, some do not; the state is retained, and the halting cell and those around it are reset."""
    halted = []
    for seed in range(6):
        draw = np.random.default_rng(seed)
        kernel = draw.uniform(-1, 1, (3, 3)) / 3
        cells = np.zeros((20, 20)) if seed % 2 else draw.normal(0, 0.2, (20, 20))
        model = published(kernel)
        kept = Kept(cells.astype(np.float32).reshape(1, -1), np.zeros(1, np.uint64))
        for x in draw.uniform(-1, 1, (3, 2)):
            film, arrived = naive.turing_machine(cells, kernel, x)
            thought = phi_prime(model, x, kept, film=True)
            assert (thought.micro_steps[0], thought.halted[0]) == (len(film) - 1, arrived)
            scale = max(1.0, max(np.abs(now).max() for now in film))
            np.testing.assert_allclose(thought.film / scale, [now.ravel() / scale for now in film], atol=2e-5)
            np.testing.assert_allclose(
                thought.output[0], film[-1][[3, 6], 19] if arrived else [0, 0], atol=2e-5 * scale
            )
            cells, kept = film[-1], thought.kept
            halted.append(arrived)
    assert 0 < sum(halted) < len(halted)


def test_a_machine_that_diverges_has_not_halted_though_its_halting_cell_is_infinite():
    """Its thought ends at the micro-step at which a cell passes a million, without an output."""
    model = published(np.ones((3, 3)), retained=False)
    film, _ = naive.turing_machine(np.zeros((20, 20)), np.ones((3, 3)), [-1, -1])
    ends = len(film) - 1
    assert np.abs(film[-1]).max() > 1e6 > np.abs(film[-2]).max()
    thought = phi_prime(model, np.array([[-1.0, -1.0], [0.0, 0.0]]))
    assert thought.micro_steps.tolist() == [ends, 100]
    assert thought.halted.tolist() == [False, False]
    assert thought.output.tolist() == [[0, 0], [0, 0]]
    assert np.isfinite(thought.kept.cells).all()


@pytest.mark.parametrize("lost", [np.nan, np.inf, -2e6])
def test_a_retained_state_that_is_lost_stays_so(lost):
    model = published(np.zeros((3, 3)))
    cells = np.zeros((2, 400), np.float32)
    cells[0, 7], cells[:, 219] = lost, 5.0
    thought = phi_prime(model, np.zeros((2, 2)), Kept(cells, np.zeros(2, np.uint64)))
    assert thought.micro_steps.tolist() == [0, 100]
    assert not thought.halted.any()


def test_a_trained_kernel_may_be_limited_and_be_without_a_bias():
    rule = convolution(grid(3, 3), kernel=0.5, weight_limit=1.0, train_bias=False)
    (found,) = genes(rule)
    assert (found.name, len(found), found.low, found.high) == ("rule.kernel", 9, -1.0, 1.0)
    filled = found.fill(np.array([[-3.0, 3.0, *[0.25] * 7]]))
    assert filled.tolist() == [[-1.0, 1.0, *[0.25] * 7]]


def test_one_number_stands_for_all_weights():
    for size in (3, 5):
        by_number = convolution(grid(3, 3), kernel=0.25, size=size)
        by_list = convolution(grid(3, 3), kernel=[[0.25] * size] * size)
        assert type(by_number) is type(by_list)
        np.testing.assert_array_equal(by_number.weights, by_list.weights)
        assert by_number.weights.dtype == np.float32
        assert reach(by_number) == size // 2
    assert len(parameters(convolution(grid(3, 3)))) == 10


def test_a_wide_kernel_of_which_only_the_middle_counts_is_a_near_one(bare, watch):
    cells = np.random.default_rng(8).integers(-64, 65, (2, 6, 5)) / 64  # sums of so few bits are not rounded
    near = np.random.default_rng(9).integers(-4, 5, (3, 3)) / 8
    rule = {"activation": "clip", "dt": 0.5, "drift": 0.5}
    one = watch(bare((2, 6, 5), "edge", {"kernel": near.tolist(), **rule}, 2), cells)
    two = watch(bare((2, 6, 5), "edge", {"kernel": np.pad(near, 1).tolist(), **rule}, 2), cells)
    np.testing.assert_array_equal(one, two)


def test_what_is_trained_is_kernel_and_bias():
    rule = convolution(grid(3, 3), kernel=[[1, 2, 3], [4, 5, 6], [7, 8, 9]], bias=10, weight_spread=0.2)
    np.testing.assert_array_equal(parameters(rule), np.arange(1, 11))
    (found,) = genes(rule)
    assert (len(found), found.levels, found.spread) == (10, 0, 0.2)
    rows = np.arange(30, dtype=np.float32).reshape(3, 10)
    expressed = express(rule, rows[1])
    assert np.shares_memory(expressed.weights, rows)
    assert expressed[1:] == rule[1:]
    assert reach(rule) == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"kernel": [[1, 2], [3, 4]]}, "kernel of 3 rows of 3 numbers"),
        ({"kernel": [[1, 2, 3], [4, 5, 6], [7, 8]]}, "kernel of 3 rows of 3 numbers"),
        ({"kernel": [[1, 2, 3]] * 4}, "kernel of 3 rows of 3 numbers"),
        ({"kernel": [[1, 2, 3]] * 5}, "kernel of 5 rows of 5 numbers"),
        ({"kernel": [[1] * 5] * 5, "size": 3}, "kernel of 3 rows of 3 numbers"),
        ({"size": 4}, "rule.size .*3 or 5.*got 4"),
        ({"kernel": float("nan")}, "finite"),
        ({"bias": float("inf")}, "finite"),
        ({"kernel": "soft"}, "rule.kernel"),
        ({"activation": "relu"}, "rule.activation .*'clip' or 'identity', got 'relu'"),
        ({"dt": 0}, "rule.dt .*greater than 0, got 0"),
        ({"dt": 1.5}, "rule.dt"),
        ({"leak": -0.1}, "rule.leak"),
        ({"drift": 2}, "rule.drift"),
        ({"weight_spread": 0}, "rule.weight_spread"),
        ({"weight_limit": 0}, "rule.weight_limit"),
        ({"speed": 1}, "rule.speed: convolution has no such setting; it has kernel, size, bias"),
    ],
)
def test_what_makes_no_rule_is_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        parts.build("rule", {"name": "convolution", **settings}, space=grid(3, 3))


def test_a_rule_of_a_tape_is_refused_on_a_grid():
    with pytest.raises(ValueError, match="space"):
        parts.build("rule", {"name": "lookup", "code": 30}, space=grid(3, 3))
    with pytest.raises(ValueError, match="space"):
        parts.build("rule", "convolution", space=tape(9))
