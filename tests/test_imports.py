"""Imports: light at the top, one way only, and nothing that reaches for the world behind the user's back."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import emergent
import envs

PACKAGES = {"emergent": Path(emergent.__file__).parent, "envs": Path(envs.__file__).parent}
HOME = PACKAGES["emergent"].parent
FILES = {
    ".".join(file.relative_to(folder.parent).with_suffix("").parts): file
    for folder in PACKAGES.values()
    for file in sorted(folder.rglob("*.py"))
}

# Floors of the house: whoever is in one may import from it and from those below, never from above.
FLOORS = [
    {"emergent.__init__", "emergent.cache", "emergent.files"},
    {
        *("emergent.verb", "emergent.verbs", "emergent.sharing", "emergent.alignment", "emergent.words"),
        *("emergent.randomness", "emergent.genome", "emergent.expressions"),
    },
    {"emergent.parts"},
    {
        *(
            "emergent.spaces",
            "emergent.places",
            "emergent.rules",
            "emergent.encoders",
            "emergent.halting",
            "emergent.decoders",
        ),
        *("emergent.baselines", "emergent.model", "emergent.boards"),
    },
    {
        "emergent.engine",
        "emergent.tapes",
        "emergent.inference",
        "emergent.model_file",
        "emergent.models",
        "emergent.policy",
        "emergent.published_file",
        "emergent.rings",
    },
    {"emergent.search", "emergent.tasks"},
    {"emergent.training", "emergent.config"},
    {"emergent.studies"},
]
ABOVE = len(FLOORS)  # the command line, views, and whatever else uses all of it
FOR_ENVS = {f"emergent.{name}" for name in ("cache", "verb", "verbs", "parts", "genome", "randomness")}


def imported(file):
    """Every module that a file imports, but for types only, as (name, whether at the top level)."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in list(ast.walk(tree)):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = []
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, id(node) in top
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import hides where it leads"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                is_module = whole in FILES or f"{whole}.__init__" in FILES
                yield (whole if is_module else node.module), id(node) in top


def floor(module):
    for number, modules in enumerate(FLOORS):
        if any(module == known or module.startswith(f"{known}.") for known in modules):
            return number
    return ABOVE


def test_every_import_leads_down():
    for name, file in FILES.items():
        if not name.startswith("emergent"):
            continue
        for module, _ in imported(file):
            if module.startswith("emergent") and module != "emergent":
                assert floor(module) <= floor(name), f"{name} imports {module}, which is above it"


def test_the_engine_and_all_below_know_no_environment():
    for name, file in FILES.items():
        if name.startswith("emergent") and floor(name) < floor("emergent.search"):
            assert not [module for module, _ in imported(file) if module.partition(".")[0] in ("envs", "gymnasium")], (
                name
            )


def test_environments_know_only_the_words():
    for name, file in FILES.items():
        if name.startswith("envs"):
            below = {module for module, _ in imported(file) if module.startswith("emergent")}
            assert below <= FOR_ENVS, f"{name} imports {sorted(below - FOR_ENVS)}"


def test_only_views_draw():
    for name, file in FILES.items():
        if not name.startswith("emergent.view") and name != "envs.drawing":
            drawing = {module for module, _ in imported(file) if module.partition(".")[0] in ("pygame", "matplotlib")}
            assert not drawing, f"{name} imports {drawing}"


def test_drawing_is_imported_only_where_something_is_drawn():
    """Not at the top of a module that a headless run imports."""
    for name, file in FILES.items():
        if name.startswith("emergent.view") or name in ("emergent.cli", "emergent.commands", "emergent.comparing"):
            continue
        at_top = {module for module, top in imported(file) if top}
        assert not {module for module in at_top if module == "envs.drawing" or module.startswith("emergent.view")}, name


GLOBAL_STATE = {"seed", "rand", "randn", "random", "randint", "normal", "uniform", "choice", "shuffle", "permutation"}
FORBIDDEN = {"eval", "exec", "compile", "__import__"}


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_unpickled_evaluated_or_drawn_from_a_global_generator(name):
    tree = ast.parse(FILES[name].read_text(encoding="utf-8"))
    modules = {module.partition(".")[0] for module, _ in imported(FILES[name])}
    assert not modules & {"pickle", "cPickle", "dill", "cloudpickle", "marshal", "shelve", "random"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in FORBIDDEN, f"line {node.lineno}"
        if isinstance(node, ast.Attribute):
            text = ast.unparse(node)
            legacy = text.startswith(("np.random.", "numpy.random.")) and text.rpartition(".")[2] in GLOBAL_STATE
            assert not legacy, f"line {node.lineno}: {text}"
            assert text not in ("yaml.load", "yaml.unsafe_load", "yaml.full_load"), f"line {node.lineno}"
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant)
            assert node.value.value is False


@pytest.mark.parametrize("name", FILES)
def test_only_the_command_line_prints(name):
    if name in ("emergent.cli", "emergent.commands", "emergent.__main__") or name.startswith("emergent.view"):
        return
    for node in ast.walk(ast.parse(FILES[name].read_text(encoding="utf-8"))):
        assert not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"), f"line {node.lineno}"


def loaded_by(statement):
    """The modules that a fresh process has loaded after this statement."""
    program = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    environment = os.environ | {"PYTHONPATH": str(HOME)}
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


HEAVY = {"cma", "optuna", "matplotlib", "scipy.stats", "pygame", "gymnasium", "pydantic", "rich", "typer"}


def test_importing_the_package_is_light():
    loaded = loaded_by("import emergent")
    assert not loaded & (HEAVY | {"numba", "numpy"})


def test_help_is_light():
    help_and_no_more = (
        "import contextlib, io\n"
        "from emergent.cli import app\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()) as said:\n"
        "    app(['--help'])\n"
        "assert 'Train Emergent Models' in said.getvalue()"
    )
    assert not loaded_by(help_and_no_more) & (HEAVY - {"rich", "typer", "pydantic"} | {"numba", "numpy"})


def test_importing_the_engine_loads_nothing_that_it_does_not_need():
    loaded = loaded_by("import emergent.engine, emergent.inference, emergent.policy, emergent.model_file")
    assert not loaded & HEAVY
    assert "numba" in loaded
    assert not {module for module in loaded if module.partition(".")[0] == "envs"}


def test_importing_the_environment_loads_no_display():
    loaded = loaded_by("import envs.toy_car")
    assert not loaded & (HEAVY - {"gymnasium"})


@pytest.mark.parametrize("module", ["emergent.inference", "emergent.policy", "emergent.model_file", "emergent.engine"])
def test_any_door_leads_to_a_model_that_thinks(module):
    """Whoever imports one module has what the words need registered."""
    loaded_by(
        f"import {module}\n"
        "from emergent.verbs import act, memory, step\n"
        "from emergent.model import Model\n"
        "from emergent.rules.lookup import Lookup\n"
        "assert step.knows(Lookup)\n"
        + ("" if module == "emergent.model_file" else "assert memory.knows(Model) and act.knows(Model)\n")
    )


def test_every_public_name_is_there():
    for name in emergent.__all__:
        assert callable(getattr(emergent, name)), name
    assert set(emergent.__all__) <= set(dir(emergent))
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        emergent.trian  # noqa: B018 - the misspelling is what is tested
