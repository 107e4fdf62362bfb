"""The twins are independent: they import nothing of the project; and they say what is published."""

import ast
from pathlib import Path

import naive
import pytest


@pytest.mark.parametrize("file", ["naive.py", "naive_tracks.py"])
def test_twins_import_nothing_of_the_project(file):
    tree = ast.parse((Path(__file__).parent / file).read_text())
    imported = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Call):
            assert getattr(node.func, "id", getattr(node.func, "attr", "")) not in {"__import__", "import_module"}
    assert imported <= {"itertools", "math", "numpy", "numba", "scipy"}
    assert imported  # something was parsed


def test_splitmix_is_the_published_generator():
    """The values that its reference implementation prints for the seed 1234567."""
    published = [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]
    assert naive.splitmix(1234567, 5) == published


def test_a_rule_number_is_read_as_wolfram_does():
    """Rule 110 in Wolfram's picture: 111 110 101 100 011 010 001 000 give 0 1 1 0 1 1 1 0."""
    table = naive.wolfram_table(110, 2, 1)
    order = [(1, 1, 1), (1, 1, 0), (1, 0, 1), (1, 0, 0), (0, 1, 1), (0, 1, 0), (0, 0, 1), (0, 0, 0)]
    assert [table[neighbours] for neighbours in order] == [0, 1, 1, 0, 1, 1, 1, 0]
