"""Inference in Python: φ and φ', films, the state that is carried on, and inputs that are refused."""

import re

import numpy as np
import pytest

from emergent.inference import Kept, phi, phi_prime, start


@pytest.fixture(scope="module")
def model(blueprint, individual):
    return individual(blueprint("grid"))


def inputs(rows):
    return np.random.default_rng(0).uniform(0, 1, (rows, 10)).astype(np.float32)


def test_one_input_or_a_batch(model):
    x = inputs(3)
    batch = phi(model, x)
    assert (batch.shape, batch.dtype) == ((3, 2), np.float32)
    for i in range(3):
        one = phi(model, x[i])
        assert one.shape == (2,)
        np.testing.assert_array_equal(one, batch[i])
    np.testing.assert_array_equal(phi(model, x.tolist()), batch)
    np.testing.assert_array_equal(phi_prime(model, x[0]).output, batch[:1])


@pytest.mark.parametrize("kind", ["grid", "tape"])
def test_a_thought_goes_on_from_where_the_last_one_ended_or_from_the_beginning(blueprint, individual, kind):
    x = inputs(5)
    for retained in (True, False):
        model = individual(blueprint(kind, retained=retained), 4)
        first = phi_prime(model, x)
        second = phi_prime(model, x, first.kept)
        assert np.array_equal(first.kept.cells, second.kept.cells) != retained
        again = phi_prime(model, x, start(model, np.zeros(5)))
        np.testing.assert_array_equal(first.kept.cells, again.kept.cells)


def test_what_is_given_is_not_changed(model):
    x = inputs(3)
    kept = start(model, np.arange(3))
    before = x.copy(), kept.cells.copy(), kept.streams.copy(), model.initial_state.copy()
    phi_prime(model, x, kept)
    for one, other in zip(before, (x, kept.cells, kept.streams, model.initial_state), strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_episode_begins_with_the_program_and_its_stream(model):
    kept = start(model, np.array([3, 5]))
    np.testing.assert_array_equal(kept.cells, [model.initial_state] * 2)
    assert kept.streams.tolist() == [3, 5]
    assert kept.streams.dtype == np.uint64
    assert start(model, 7).cells.shape == (1, 108)


def test_a_film_shows_the_first_row_from_the_input_to_the_halt(blueprint, individual):
    model = individual(blueprint("gated tape"), 1)
    x = inputs(40)
    plain = phi_prime(model, x)
    assert plain.film.shape == (0, 0)
    for row in range(6):
        rows = np.roll(x, -row, axis=0)
        thought = phi_prime(model, rows, film=True)
        assert thought.film.shape == (plain.micro_steps[row] + 1, 90)
        np.testing.assert_array_equal(thought.film[-1], plain.kept.cells[row])
        np.testing.assert_array_equal(thought.output, np.roll(plain.output, -row, axis=0))


def test_a_baseline_answers_as_a_model_does(baseline, individual):
    policy = individual(baseline("linear"))
    x = inputs(20)
    thought = phi_prime(policy, x)
    weights = policy.weights.reshape(2, 11)
    np.testing.assert_allclose(thought.output, x @ weights[:, :10].T + weights[:, 10], atol=1e-5)
    assert thought.halted.all()
    assert not thought.micro_steps.any()
    assert thought.kept.cells.shape == (20, 0)


def test_random_actions_go_on_with_their_stream(baseline):
    policy = baseline("random_actions").template
    kept = start(policy, np.array([1, 2, 1]))
    outputs = []
    for _ in range(3):
        thought = phi_prime(policy, inputs(3), kept)
        kept = thought.kept
        outputs.append(thought.output)
    outputs = np.array(outputs)
    np.testing.assert_array_equal(outputs[:, 0], outputs[:, 2])  # the same seed
    assert (outputs[:, 0] != outputs[:, 1]).all()
    assert (outputs[0] != outputs[1]).all()
    assert np.abs(outputs).max() <= 1.0


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.zeros(9), r"inputs of shape \(n, 10\) or \(10,\), got \(1, 9\)"),
        (np.zeros((2, 11)), r"got \(2, 11\)"),
        (np.zeros((1, 2, 10)), r"got \(1, 2, 10\)"),
        (np.array([[0.0] * 10, [np.nan] * 10]), "expected finite numbers as input, got .*nan.* in row 1"),
        ([], r"got \(1, 0\)"),
    ],
)
def test_what_is_no_input_is_refused(model, x, words):
    with pytest.raises(ValueError, match=words):
        phi_prime(model, x)


@pytest.mark.parametrize("shape", [(2, 108), (3, 107), (3, 0), (108,)])
def test_a_state_of_this_model_for_every_row_is_wanted(model, shape):
    words = re.escape(
        f"expected kept cells of shape (3, 108), a row for each input, and type float32, got {shape} and float32"
    )
    with pytest.raises(ValueError, match=words):
        phi_prime(model, inputs(3), Kept(np.zeros(shape, np.float32), np.zeros(3, np.uint64)))


def test_no_rows_give_no_answers(model):
    thought = phi_prime(model, np.zeros((0, 10)))
    assert thought.output.shape == (0, 2)
    assert isinstance(thought.kept, Kept)


def test_cells_that_no_state_has_do_not_reach_compiled_code(blueprint, individual):
    model = individual(blueprint("tape", inputs=3))
    kept = start(model, np.zeros(2, np.uint64))
    with pytest.raises(ValueError, match=r"expected kept cells in 0\.\.1, got 25[01]"):
        phi_prime(model, np.zeros((2, 3)), kept._replace(cells=kept.cells + np.uint8(250)))
    with pytest.raises(ValueError, match=r"type uint8, got .* float64"):
        phi_prime(model, np.zeros((2, 3)), kept._replace(cells=kept.cells.astype(float)))
