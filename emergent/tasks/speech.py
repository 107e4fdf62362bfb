"""Speech: a model of a language goes on from a prompt, symbol by symbol, its state retained from one to the next."""

from collections.abc import Iterator

import numpy as np

from emergent.policy import EmergentPolicy
from emergent.randomness import generator, seeds
from emergent.tasks.language import Language


def speak(
    task: Language, policy: EmergentPolicy, prompt: str, temperature: float = 1.0, seed: int = 0, length: int = 100
) -> Iterator[str]:
    """The symbols with which `policy` goes on after `prompt`, each as soon as it is spoken, up to the one that ends.

    Each symbol is drawn from the chances that the policy gives, raised to the power 1 / `temperature` and scaled to add
    up to 1, and read next. With the reward phase it is read once more with the reward 0, as the authors have it.

    Args:
        prompt: one symbol at least. temperature: >= 0; at 0 the likeliest symbol is spoken, the first among equals.
        seed: of what is drawn, and of the noise if the policy has any. length: symbols at most.

    Raises:
        ValueError: the prompt is empty, ends the string, or has a symbol that the alphabet lacks; a number is out of
        range.
    """
    numbers = task.numbers(prompt)
    last = len(task.alphabet) - 1
    if not numbers or last in numbers:
        raise ValueError(f"prompt: expected one symbol or more of {task.alphabet[:-1]!r}, got {prompt!r}")
    if not 0 <= temperature < np.inf or length < 1:
        raise ValueError(f"expected a temperature >= 0 and a length >= 1, got {temperature} and {length}")
    return _spoken(task, policy, numbers, temperature, seed, length)


def _spoken(
    task: Language, policy: EmergentPolicy, numbers: list[int], temperature: float, seed: int, length: int
) -> Iterator[str]:
    draw, kept = generator(seed, "speech"), policy.start(seeds(seed, "speech noise", 0))
    unread = list(numbers)
    for _ in range(length):
        for number in unread:
            thought = policy.think(_seen(task, number), kept)
            kept, output = thought.kept, thought.output[0]
            if task.observe_reward:
                kept = policy.think(_seen(task, number, 0.0), kept).kept
        chosen = _drawn(output, temperature, draw.random())
        yield task.alphabet[chosen]
        if chosen == len(task.alphabet) - 1:
            return
        unread = [chosen]


def _seen(task: Language, number: int, reward: float | None = None) -> np.ndarray:
    """The observation of a symbol: with the reward phase, none to begin with."""
    return np.array([number, task.low[-1] if reward is None else reward][: len(task.low)], np.float32)


def _drawn(output: np.ndarray, temperature: float, share: float) -> int:
    """The symbol that a number from [0, 1) draws from an output (symbols,)."""
    chances = np.maximum(output.astype(float), 0.0)
    if not chances.any():  # a thought that has not halted
        chances[:] = 1.0
    if temperature == 0:
        return int(chances.argmax())
    with np.errstate(divide="ignore"):
        powers = np.log(chances) / temperature
    chances = np.exp(powers - powers.max())
    reached = int(np.searchsorted(chances.cumsum() / chances.sum(), share, side="right"))
    return min(reached, len(chances) - 1)
