"""Recovery of hidden rates: from one picture of Gray-Scott's reagents, the F and k that made it.

A candidate's rates are tried on sixteen random starts at once, none of which made the picture. What is compared hangs
on the rates and hardly on the start: quantiles, mean, spread and radial spectrum of each reagent. How much each of them
varies from start to start is measured on the sixteen, and the candidate's score is how likely the picture is by that.
"""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from emergent import search
from emergent.inference import Kept, phi_prime
from emergent.model import Blueprint
from emergent.randomness import generator
from emergent.rules.gray_scott import FEED, KILL
from emergent.verbs import LANES

SIZE, STEPS = 48, 600  # cells of a side; micro-steps of a picture
PAIRS, POPULATION, GENERATIONS = 10, 24, 10
PATTERN = 1e-3  # variance of v, above which there is a pattern
NEAR = 0.002  # how far a recovered rate may be from the hidden one
_SPOT, _CELLS_A_SPOT = 5, 250  # cells of a spot's side; cells of the grid for each spot
_QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
_RINGS = (0.5, 1.8, 2.6, 3.5, 4.5, 5.5, 7.0, 10.0, 17.0, 34.0)  # waves across the grid, where a band of them ends
_ALIKE = 1e-3  # a difference that always counts as none
_FREEDOM = 4  # degrees, of Student's distribution

# Half the scale of Pearson's diffusion, so that a small grid holds many waves. The encoder adds nothing.
PLAN = Blueprint(
    space={"name": "grid", "height": SIZE, "width": SIZE, "channels": 2, "boundary": "periodic"},
    rule={"name": "gray_scott", "feed": sum(FEED) / 2, "kill": sum(KILL) / 2, "du": 0.05, "dv": 0.025},
    encoder={"name": "injection", "at": [[0, 0]], "gain": 0.0, "constant": None, "operation": "add", "held": False},
    halting={"name": "steps", "steps": STEPS},
    decoder={"name": "readout", "at": [[0, 0]]},
    low=[0.0],
    high=[1.0],
    outputs=1,
    initial_state={"free": False},
    train_rule=True,
)


class Recovery(NamedTuple):
    """What a search found: rates (2,), how likely they are, and how likely the hidden ones."""

    rates: np.ndarray
    score: float
    hidden_score: float


def starts(count: int, *family: Any) -> np.ndarray:
    """Random starts (count, 2, SIZE, SIZE) float32: u = 1 and v = 0, but for spots of u = 0.5, v = 0.25, and noise."""
    draw = generator(0, *family)
    cells = np.zeros((count, 2, SIZE, SIZE))
    cells[:, 0] = 1.0
    for one in cells:
        for corner in draw.integers(0, SIZE, (SIZE * SIZE // _CELLS_A_SPOT, 2)):
            rows, columns = (np.arange(_SPOT) + corner[:, None]) % SIZE
            one[0][np.ix_(rows, columns)], one[1][np.ix_(rows, columns)] = 0.5, 0.25
    cells += 0.01 * np.abs(draw.standard_normal(cells.shape)) * np.array([-1, 1])[:, None, None]
    return cells.astype(np.float32)


def pictures(rates: np.ndarray, begun: np.ndarray) -> np.ndarray:
    """What becomes of the starts (n, 2, SIZE, SIZE) under these rates, float64 of the same shape."""
    model = PLAN.individual(PLAN.template.initial_state, np.asarray(rates, np.float32))
    kept = Kept(begun.reshape(len(begun), -1), np.zeros(len(begun), np.uint64))
    thought = phi_prime(model, np.zeros((len(begun), 1)), kept)
    return thought.kept.cells.reshape(begun.shape).astype(float)


def features(shown: np.ndarray) -> np.ndarray:
    """What does not hang on the start, (n, features): of u, then of v."""
    return np.concatenate([_features(shown[:, 0]), _features(shown[:, 1])], axis=1)


def _features(sheets: np.ndarray) -> np.ndarray:
    """Quantiles, mean, standard deviation, and the amplitudes of all waves of about the same length."""
    flat = sheets.reshape(len(sheets), -1)
    mean = flat.mean(axis=1, keepdims=True)
    power = np.abs(np.fft.fft2(sheets - mean[:, :, None])) ** 2 / SIZE**4
    waves = np.fft.fftfreq(SIZE, 1 / SIZE)
    length = np.hypot(waves[:, None], waves)
    rings = [power[:, (low <= length) & (length < high)].sum(axis=1) for low, high in pairwise(_RINGS)]
    return np.concatenate(
        [np.quantile(flat, _QUANTILES, axis=1).T, mean, flat.std(axis=1, keepdims=True), np.sqrt(np.stack(rings, 1))],
        axis=1,
    )


def likelihood(seen: np.ndarray, tried: np.ndarray) -> float:
    """Twice the mean log-likelihood, but for a constant, of features (features,) given a candidate's (n, features).

    By Student's distribution, whose heavy tails lead a search that is still far off: under a normal one the features
    that vary least would drown all others.
    """
    variance = tried.var(axis=0, ddof=1) * (1 + 1 / len(tried)) + _ALIKE**2
    squares = (seen - tried.mean(axis=0)) ** 2 / variance
    return float(-((_FREEDOM + 1) * np.log1p(squares / _FREEDOM) + np.log(variance)).mean())


def hidden(pairs: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Rates (2,) drawn by a fixed seed from where patterns form, each with the picture (2, SIZE, SIZE) that it made."""
    draw, found = generator(0, "hidden rates"), []
    while len(found) < pairs:
        rates = draw.uniform(*zip(FEED, KILL, strict=True))
        shown = pictures(rates, starts(1, "hidden start", len(found)))
        if shown[0, 1].var() > PATTERN:
            found.append((rates, shown[0]))
    return found


def recover(rates: np.ndarray, shown: np.ndarray, method: str, seed: int) -> Recovery:
    """Search the rates that made the picture `shown`; the hidden `rates` only tell how likely they would be.

    Args:
        method: cma_es; or uniform, which draws as many candidates from the whole range.
    """
    begun, seen = starts(LANES, "search starts", seed), features(shown[None])[0]
    optimizer = search.make("cma_es", PLAN.layout, POPULATION, seed)
    draw = generator(seed, "uniform search")
    best = Recovery(rates, -np.inf, likelihood(seen, features(pictures(rates, begun))))
    for _ in range(GENERATIONS):
        if method == "uniform":
            candidates = draw.uniform(*zip(FEED, KILL, strict=True), (POPULATION, 2))
        else:
            genomes = optimizer.ask()
            _, candidates = PLAN.layout.grow(genomes)
        scores = [likelihood(seen, features(pictures(candidate, begun))) for candidate in candidates]
        if method != "uniform":
            optimizer.tell(np.array(scores))
        i = int(np.argmax(scores))
        if scores[i] > best.score:
            best = Recovery(np.asarray(candidates[i], float), scores[i], best.hidden_score)
    return best
