"""The rule `tallying` and what reads its tallies: the authors' Game of Life language model, symbol by symbol."""

import naive
import numpy as np
import pytest
from kinds import speaking

from emergent import parts
from emergent.inference import Kept, phi_prime
from emergent.rules.tallying import tallies
from emergent.spaces import board
from emergent.verbs import arm, blank, decode, halted, reach, storage


def test_every_symbol_equals_the_twin():
    """States, tallies, streams and halting, the state retained; with rewards, and without one."""
    model = speaking(8, 0.5).blueprint.template
    seeds = np.arange(3, dtype=np.uint64)
    cells = np.random.default_rng(0).integers(0, 2, (3, 61 * 50), dtype=np.uint8)
    kept = Kept(cells, seeds.copy())
    boards, streams = [row.reshape(61, 50).astype(int) for row in cells], [naive.Stream(seed) for seed in seeds]
    some_halted = 0
    for symbols, reward in [((0, 5, 10), None), ((0, 5, 10), -3), ((3, 3, 1), None), ((3, 3, 1), 3), ((7, 9, 2), 0)]:
        x = [[symbol, -4 if reward is None else reward] for symbol in symbols]
        thought = phi_prime(model, np.float32(x), kept)
        kept = thought.kept
        for i, symbol in enumerate(symbols):
            boards[i], tally, steps, ended = naive.gol_lm_read(
                boards[i], symbol, streams[i], 0.01, 8, 60, reward, phased=True
            )
            some_halted += ended
            assert (thought.micro_steps[i], thought.halted[i]) == (steps, ended)
            np.testing.assert_array_equal(kept.cells[i].reshape(61, 50), boards[i])
            assert int(kept.streams[i]) == streams[i].state
            expected = naive.gol_lm_chances(tally, 11, 0.5) if ended else np.zeros(11)
            np.testing.assert_allclose(thought.output[i], expected, atol=1e-6)
    assert 0 < some_halted < 15, "both ends are seen"


def spoken(counts, **settings):
    """What the decoder makes of these tallies."""
    space = board(len(counts), 9)._replace(halo=2)
    decoder = parts.build("decoder", {"name": "tally_softmax", **settings}, space=space, outputs=2)
    state, output = blank(space)[:, 0].copy(), np.zeros(2, np.float32)
    state[tallies(space)] = counts
    decode(decoder, state, output)
    return output


def test_tallies_are_smoothed_and_taken_as_shares_of_the_largest():
    counts = np.zeros(12, int)
    counts[[3, 6, 10, 11]] = 5, 2, 1, 4  # rows 5 and 10 are read: 5 * 0.2 + 2 * 0.5 and 1 + 4 * 0.5
    smooth = np.array([2.0, 3.0])
    for relative in (True, False):
        powers = np.exp((smooth / 3 if relative else smooth) / 0.5)
        np.testing.assert_allclose(spoken(counts, temperature=0.5, relative=relative), powers / powers.sum(), atol=1e-6)
    np.testing.assert_allclose(spoken(np.zeros(12, int)), [0.5, 0.5])
    np.testing.assert_allclose(spoken(counts, row=3, spacing=8, smoothing=[1.0], relative=False)[0], 1 / (1 + np.e**-1))


def test_a_thought_is_over_when_more_than_the_level_is_tallied_and_begins_with_nothing():
    space = board(6, 9)._replace(halo=2)
    halting = parts.build("halting", {"name": "tally", "level": 7}, space=space)
    state = blank(space)[:, 0].copy()
    state[storage(space).ravel()] = 1
    rng = np.zeros(16, np.uint64)
    state[tallies(space)[[0, 5]]] = 3, 4
    assert not halted(halting, 9, state, rng, 0)
    state[tallies(space)[2]] = 1
    assert halted(halting, 9, state, rng, 0)
    arm(halting, state)
    assert not state[tallies(space)].any()
    assert state[storage(space)][0].sum(axis=0).tolist() == [6, 6, 0, 0, 0, 0, 0, 0, 0]


def test_tallies_stand_outside_of_what_the_rule_sees():
    space = board(6, 9)
    rule = parts.build("rule", {"name": "tallying", "of": "life"}, space=space)
    assert reach(rule) == 2
    space = space._replace(halo=2)
    columns = 9 + 2 * 2
    assert tallies(space).tolist() == [columns * (row + 3) - 1 for row in range(6)]
    assert not np.isin(tallies(space), storage(space)).any()


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("rule", {"name": "tallying", "of": "tallying"}, "expected another rule than tallying itself"),
        ("rule", {"name": "tallying", "of": "life", "rows": [3, 7]}, r"rows: expected .* in 0..6, got \[3, 7\]"),
        ("rule", {"name": "tallying", "of": "life", "cleared": 2}, "cleared: expected at least the 3 columns counted"),
        ("rule", {"name": "tallying", "of": "life", "cleared": 10}, "at most the 9 there are, got 10"),
        ("halting", {"name": "tally"}, "expected a rule that keeps tallies"),
        ("halting", {"name": "tally", "cleared": 10}, "at most the 9 columns there are, got 10"),
        ("decoder", {"name": "tally_softmax", "spacing": 1}, r"row: 2 rows from 5 on, 1 apart, end at 6, of 0..5"),
        ("decoder", {"name": "tally_softmax", "row": 0}, "expected a rule that keeps tallies"),
        ("decoder", {"name": "tally_softmax", "row": 0, "smoothing": [1, 1]}, "smoothing: expected an odd number"),
        ("decoder", {"name": "tally_softmax", "row": 0, "smoothing": [0.0]}, "the middle one above 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(kind, settings, words):
    with pytest.raises(ValueError, match=words):
        parts.build(kind, settings, space=board(6, 9), outputs=2)


def test_other_boundaries_have_no_room_for_tallies():
    with pytest.raises(ValueError, match=r"boundary: expected zero, .* got periodic"):
        parts.build("rule", {"name": "tallying", "of": "life"}, space=board(6, 9, 2, "periodic"))
    with pytest.raises(ValueError, match="expected a board of 2 states, got 3"):
        parts.build("rule", {"name": "tallying", "of": "life"}, space=board(6, 9, 3))
