"""The task language: its strings, what stands beside a model, the plain path, and speech."""

import itertools
import math

import naive
import numpy as np
import pytest
from kinds import speaking

from emergent import model_file
from emergent.config import ConfigError, read
from emergent.model_file import ModelFile
from emergent.policy import EmergentPolicy
from emergent.tasks.language import LANGUAGES, Language
from emergent.tasks.plain import live
from emergent.tasks.speech import speak
from emergent.tasks.world import number_of
from emergent.training.evaluation import held_out


def test_the_languages_are_what_they_are_called():
    assert {"123|", "9918|", "000|"} <= set(LANGUAGES["addition"]())
    assert len(LANGUAGES["addition"]()) == 100
    assert {"121212|", "909090|"} <= set(LANGUAGES["repeat"]())
    assert {"3456|", "01|", "0123456789|"} <= set(LANGUAGES["count"]())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_string_is_in_two_families(language):
    families = Language(language=language).families
    assert sorted(itertools.chain(*families.values())) == sorted(LANGUAGES[language]())
    assert len(families["training"]) > len(families["test"]) == len(families["selection"]) > 5


def test_training_draws_each_string_again_only_after_all_others():
    task = Language()
    world = task.training(3, 1, 150)
    assert sorted(world.episodes[:60]) == list(range(60))
    assert world.episodes != task.training(3, 2, 150).episodes
    assert [number_of(seed) for seed in task.test().episodes] == [i % 20 for i in range(100)]


def test_counts_of_symbols_and_of_pairs_equal_the_twin():
    task = Language(language="count")
    table = naive.bigrams(task.families["training"], task.alphabet, 1.0)
    of_strings = [
        np.mean([math.log(0.999 * table[pair] + 0.001 / 11) for pair in itertools.pairwise(string)])
        for string in task.families["test"]
    ]
    assert task.counted(2) == pytest.approx(np.mean(of_strings), abs=1e-6)
    assert -math.log(11) < task.counted(1) < task.counted(2) < 0


def test_strings_of_a_file_are_kept(tmp_path):
    file = tmp_path / "strings.txt"
    file.write_text("ab.\nba.\n\naab.\n")
    config = read({"task": {"name": "language", "alphabet": "ab.", "file": str(file)}, "model": {"baseline": "linear"}})
    assert config.task.strings == ["ab.", "ba.", "aab."]
    assert config.task.file is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"strings": ["12|", "13|"]}, "strings: expected 3 or more, no two alike, got 2"),
        ({"strings": ["12|", "13|", "12|"]}, "no two alike"),
        ({"strings": ["12|", "13|", "1x|"]}, "expected symbols of '0123456789|', got 'x' in '1x|'"),
        ({"strings": ["12|", "13|", "1|2|"]}, r"'\|' only as the last, got '1\|2\|'"),
        ({"strings": ["12|", "13|", "1"]}, "expected 2..256 symbols"),
        ({"alphabet": "0011"}, "alphabet: expected different symbols"),
        ({"file": "nothing.txt"}, "file: expected a text file .* got nothing.txt"),
        ({"language": "english"}, "language"),
    ],
)
def test_what_is_no_language_is_refused(changes, words):
    with pytest.raises(ConfigError, match=words):
        read({"task": {"name": "language", **changes}, "model": {"baseline": "linear"}})


@pytest.fixture(scope="module")
def spoken():
    """The configuration of a small board that speaks, and a random individual of it as a model file."""
    config = speaking(4, 0.5)
    genome = config.blueprint.layout.sample(np.random.default_rng(1), 1)[0]
    about = {"task": config.task.model_dump(mode="json"), "action": config.task.action, "seed": 5}
    return config, ModelFile.grown(config.blueprint, genome, about)


def test_the_compiled_evaluation_equals_the_plain_path(spoken):
    config, model = spoken
    task = config.task.resized("test", 6)
    compiled = held_out(model, task, "test", 5, 1)
    world = task.test()
    plain = live(task, world, EmergentPolicy(model, task.action), world.noise(5, "test"))
    for one, other in zip(compiled, plain, strict=True):
        np.testing.assert_array_equal(one, other)
    lengths = [2 * (len(task.families["test"][number_of(i)]) - 1) for i in world.episodes]
    assert compiled.length.tolist() == lengths
    assert (compiled.score < 0).all()
    np.testing.assert_array_equal(compiled.reward, compiled.score)


def test_speech_hangs_on_its_seed_alone_and_ends_in_time(spoken):
    config, model = spoken
    policy = EmergentPolicy(model, config.task.action)
    said = ["".join(speak(config.task, policy, "12", 1.0, seed, 6)) for seed in (3, 3, 4)]
    assert said[0] == said[1]
    assert all(len(text) == 6 or text.endswith("|") for text in said)
    assert all("|" not in text[:-1] for text in said)
    likeliest = policy.think(np.float32([1, -4]), policy.start(np.zeros(1, np.uint64))).output
    assert likeliest.shape == (1, 11)


@pytest.mark.parametrize(
    ("prompt", "settings", "words"),
    [
        ("1a", {}, "expected symbols of '0123456789|', got 'a' in '1a'"),
        ("", {}, "prompt: expected one symbol or more"),
        ("12|", {}, "prompt: expected one symbol or more of '0123456789', got '12|'"),
        ("1", {"temperature": -1.0}, "temperature >= 0"),
        ("1", {"temperature": math.nan}, "temperature >= 0"),
        ("1", {"length": 0}, "length >= 1"),
    ],
)
def test_a_prompt_that_cannot_be_read_is_refused_before_anything_is_spoken(spoken, prompt, settings, words):
    config, model = spoken
    with pytest.raises(ValueError, match=words.replace("|", r"\|")):
        speak(config.task, EmergentPolicy(model, config.task.action), prompt, **settings)


def test_generate_streams_symbols(spoken, tmp_path):
    from typer.testing import CliRunner

    from emergent.cli import app

    config, model = spoken
    path = tmp_path / "model.npz"
    model_file.save(path, model)
    asked = ["generate", str(path), "--prompt", "12", "--seed", "3", "--length", "6"]
    policy = EmergentPolicy(model, config.task.action)
    assert CliRunner().invoke(app, asked).output == "".join(speak(config.task, policy, "12", 1.0, 3, 6)) + "\n"
    refused = CliRunner().invoke(app, ["generate", str(path), "--prompt", "1+2"])
    assert refused.exit_code == 2
    assert "expected symbols of '0123456789|', got '+'" in refused.stderr
