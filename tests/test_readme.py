"""The README keeps its word: its rule is the file that is shown, and runs; its Python does what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from emergent import model, parts  # noqa: F401 - a model has all parts registered
from emergent.cli import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
TRAIN = """
import sys
from emergent import train
run = train(
    "retained", name=sys.argv[1], imports=[sys.argv[2]], changes=["model.rule=plus"], workers=int(sys.argv[3]),
    task={"time_limit": 3.0, "training_tracks": 6, "selection_tracks": 3, "test_tracks": 3},
    search={"population": 6, "generations": 2}, evaluation={"episodes": 3},
)
"""


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_rule_shown_is_the_file_in_docs():
    rule = (ROOT / "docs" / "plus.py").read_text()
    assert rule in blocks("python")
    assert len([line for line in rule.splitlines() if line.strip()]) <= 32


def test_a_rule_of_ones_own_trains_and_an_edit_of_it_gives_the_new_answer(tmp_path):
    """In fresh processes with one warm cache: the machine code of the old rule must not answer for the new one."""
    file = tmp_path / "plus.py"
    text = (ROOT / "docs" / "plus.py").read_text()
    environment = os.environ | {"EMERGENT_CACHE_DIR": str(tmp_path / "cache")}
    environment.pop("NUMBA_CACHE_DIR", None)

    def fitness(name, source, workers):
        file.write_text(source)
        subprocess.run(
            [sys.executable, "-c", TRAIN, name, str(file), str(workers)], cwd=tmp_path, env=environment, check=True
        )
        return (tmp_path / "runs" / name / "log" / "generations.log").read_bytes()

    first = fitness("first", text, 1)
    assert fitness("again", text, 2) == first
    edited = text.replace("s[y - 1, x, lane] + s[y + 1, x, lane]", "s[y - 1, x, lane] - s[y + 1, x, lane]")
    assert edited != text
    assert fitness("edited", edited, 1) != first


@pytest.mark.parametrize("block", [block for block in blocks("python") if "rule_110" in block])
def test_the_model_by_its_parts_runs(block, capsys):
    exec(compile(block, "README.md", "exec"), {})
    assert re.search(r"\[\[.*\n.*\]\]", capsys.readouterr().out)


def test_every_part_is_listed_and_every_link_leads_somewhere():
    for kind in ("space", "rule", "encoder", "halting", "decoder"):
        for name in parts.names(kind):
            assert f"`{name}`" in README or not parts.entry(kind, name).module.startswith("emergent"), f"{kind} {name}"
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert "://" in link or (ROOT / link).exists(), link
    assert "@@" not in README


def test_every_command_is_shown_and_exists():
    shown = {line.split()[1] for block in blocks("sh") for line in block.splitlines() if line.startswith("emergent ")}
    assert shown == set(typer.main.get_command(app).commands)
