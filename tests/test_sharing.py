"""Work shared out among threads, parameters among lanes."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from emergent.sharing import own, take
from emergent.verb import kernel


@kernel
def draw(counter, numbers):
    for i in range(len(numbers)):
        numbers[i] = take(counter)


def test_no_number_is_taken_twice_by_however_many_threads():
    counter, taken = np.zeros(1, np.int64), np.zeros((8, 20_000), np.int64)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda numbers: draw(counter, numbers), taken))
    np.testing.assert_array_equal(np.sort(taken.ravel()), np.arange(taken.size))
    assert counter[0] == taken.size
    assert (np.diff(taken) > 0).all()  # a thread's own go up


def test_it_is_the_same_in_the_interpreter():
    counter = np.array([5])
    assert [take(counter), take(counter)] == [5, 6]
    assert counter[0] == 7


@kernel
def third(parameters, lane):
    return own(parameters, 3, lane)


def test_a_lane_has_its_own_parameters_or_those_of_all():
    table = np.arange(20.0).reshape(4, 5)
    for function in (third, third.py_func):
        assert function(table, 2) == 17
        assert function(table[:, 0].copy(), 2) == 15
