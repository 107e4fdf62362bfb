"""The configuration of a run: one typed record that is the file, the flags, and what the run directory keeps."""

import difflib
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from emergent import parts
from emergent import search as searching
from emergent.model import BaselineBlueprint, Blueprint, Program
from emergent.tasks import TASKS, AnyTask, Driving, Task

Settings = str | dict[str, Any]
_PARTS = ("space", "rule", "encoder", "halting", "decoder")


class ConfigError(ValueError):
    """A configuration that cannot be run: a line for each thing that is wrong, with its key and what was expected."""


class Section(BaseModel):
    """A part of a configuration: keys that are not known are refused, values do not change."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSection(Section):
    """What is trained: the parts of an Emergent Model, or a baseline."""

    space: Settings | None = Field(None, description="cells, their values, and what lies beyond the edge")
    rule: Settings | None = Field(None, description="transition function")
    encoder: Settings | None = Field(None, description="how observations enter the state")
    halting: Settings | None = Field(None, description="when a thought is over")
    decoder: Settings | None = Field(None, description="how outputs are read off")
    initial_state: Program = Field(Program(), description="what of the initial state is trained")
    train_rule: bool = Field(False, description="train the parameters of the rule as well")
    retained: bool = Field(True, description="keep the state from one control step to the next")
    baseline: Settings | None = Field(None, description="a policy without an automaton, instead of all of the above")

    @model_validator(mode="after")
    def _one_or_the_other(self) -> "ModelSection":
        missing = [name for name in _PARTS if getattr(self, name) is None]
        if self.baseline is None and missing:
            raise ValueError(f"{', '.join(missing)} missing: a model has {', '.join(_PARTS)}; or name a baseline")
        if self.baseline is not None and len(missing) < len(_PARTS):
            raise ValueError("expected either the parts of a model or a baseline, got both")
        return self

    def blueprint(self, task: AnyTask) -> Blueprint | BaselineBlueprint:
        """The model, made for the observations and actions of `task`."""
        bounds: dict[str, Any] = {"low": task.low, "high": task.high, "outputs": task.outputs}
        encoder = self.encoder if isinstance(self.encoder, Mapping) else {"name": self.encoder}
        if encoder.get("name") == "rewarded" and not task.observe_reward:
            raise ValueError("encoder: rewarded needs a task that observes its reward: set task.observe_reward")
        if self.baseline is not None:
            return BaselineBlueprint(self.baseline, **bounds)
        chosen: dict[str, Any] = {name: getattr(self, name) for name in _PARTS}
        chosen |= {"initial_state": self.initial_state, "train_rule": self.train_rule, "retained": self.retained}
        return Blueprint(**chosen, **bounds)


class SearchSection(Section):
    """How it is searched."""

    optimizer: str = Field("genetic", description=f"search method: {', '.join(searching.OPTIMIZERS)}")
    population: Annotated[int, Field(ge=2, le=1_000_000)] = Field(64, description="individuals in a generation")
    generations: Annotated[int, Field(ge=1, le=10_000_000)] = Field(100, description="generations of the whole run")
    options: dict[str, Any] = Field({}, description="options of the search method")


class EvaluationSection(Section):
    """What the fitness of an individual is."""

    episodes: Annotated[int, Field(ge=1, le=10_000)] = Field(24, description="episodes an individual lives through")
    renew_every: Annotated[int, Field(ge=1)] = Field(5, description="generations until training gets new worlds")
    action_noise: Annotated[float, Field(ge=0, le=10)] = Field(
        0.0, description="standard deviation of noise on every output, in training only"
    )
    micro_step_price: Annotated[float, Field(ge=0)] = Field(0.0, description="fitness lost per micro-step of a thought")
    unhalted_price: Annotated[float, Field(ge=0)] = Field(0.0, description="fitness lost if no thought halts")
    nonzero_price: Annotated[float, Field(ge=0)] = Field(0.0, description="fitness lost if no cell of the program is 0")
    select_every: Annotated[int, Field(ge=1)] = Field(
        10, description="generations from one choice of a champion to the next"
    )


class RunConfig(Section):
    """Everything a run depends on."""

    seed: Annotated[int, Field(ge=0, lt=2**63)] = Field(0, description="root of every random stream of the run")
    task: Task = Field(Driving(), description="what is to be done")
    model: ModelSection = Field(..., description="what is trained")
    search: SearchSection = Field(SearchSection(), description="how it is searched")
    evaluation: EvaluationSection = Field(EvaluationSection(), description="what the fitness is")
    imports: list[str] = Field([], description="Python files that register parts of your own")

    @field_validator("task", mode="before")
    @classmethod
    def _task_by_name(cls, task: Any) -> Any:
        names = [kind.model_fields["name"].default for kind in TASKS]
        if isinstance(task, Mapping) and task.get("name") not in names:
            raise ValueError(f"name: expected one of {', '.join(names)}, got {task.get('name')!r}")
        return {"name": task} if isinstance(task, str) else task

    @cached_property
    def blueprint(self) -> Blueprint | BaselineBlueprint:
        """The model of this run."""
        return self.model.blueprint(self.task)

    def optimizer(self) -> searching.Optimizer:
        """A new optimizer for this run."""
        wanted = self.search
        return searching.make(wanted.optimizer, self.blueprint.layout, wanted.population, self.seed, **wanted.options)

    def text(self) -> str:
        """This configuration as a file."""
        return yaml.safe_dump(self.model_dump(mode="json", exclude_none=True), sort_keys=False, allow_unicode=True)


def presets() -> dict[str, str]:
    """The names of the presets that come with the package, and the first comment line of each."""
    found = {}
    for file in sorted(resources.files("emergent.presets").iterdir(), key=lambda file: file.name):
        if file.name.endswith(".yaml"):
            found[file.name.removesuffix(".yaml")] = file.read_text().partition("\n")[0].removeprefix("# ")
    return found


def read(
    source: str | Path | Mapping[str, Any],
    changes: Sequence[str] = (),
    imports: Sequence[str] = (),
    **sections: Mapping[str, Any],
) -> RunConfig:
    """The configuration in a preset, a YAML file or plain data, with changes.

    Args:
        source: the name of a preset, the path of a file, or the data itself.
        changes: "key=value" with dotted keys, the value as in YAML: "search.population=128".
        imports: Python files that register parts of your own; they are run, now. Those that the source itself names are
            not: a file from a stranger must not run code.
        sections: values to merge into it, as `search={"population": 128}`; they win over the source, `changes` over
        them.

    Raises:
        ConfigError: whatever is wrong with it, before any work is done.
    """
    data = dict(source) if isinstance(source, Mapping) else parse(source)
    merge(data, {key: value for key, value in sections.items() if value != {}})
    for change in changes:
        merge(data, _change(change))
    files = [str(Path(file).resolve()) for file in imports]
    parts.load_files(files)
    wanted = data.pop("imports", [])
    label = "configuration" if isinstance(source, Mapping) else str(source)
    try:
        return check({**data, "imports": files}, label)
    except ConfigError as error:
        if wanted and not files:
            raise ConfigError(
                f"{error}\n{label} was made with --import {' --import '.join(map(str, wanted))}"
            ) from None
        raise


def parse(source: str | Path) -> dict[str, Any]:
    """The data in a preset or a YAML file, not checked.

    Raises:
        ConfigError: there is no such source, or it is not keys and values.
    """
    try:
        data = yaml.safe_load(_text(source))
    except yaml.YAMLError as error:
        raise ConfigError(f"{source}: not YAML: {error}") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{source}: expected keys and values, got {type(data).__name__}")
    return data


def check(data: Mapping[str, Any], source: str = "configuration") -> RunConfig:
    """The configuration that plain data says, checked to the last part: model and optimizer can be built.

    Raises:
        ConfigError: whatever is wrong with it.
    """
    try:
        config = RunConfig.model_validate(data)
    except ValidationError as error:
        raise ConfigError(explain(error, source, RunConfig)) from None
    try:
        config.blueprint.layout  # noqa: B018 - building it is the check
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{source}: model: {error}") from None
    try:
        config.optimizer()
    except ValueError as error:
        raise ConfigError(f"{source}: search: {error}") from None
    return config


def _text(source: str | Path) -> str:
    name = str(source)
    if name in presets():
        return resources.files("emergent.presets").joinpath(f"{name}.yaml").read_text()
    path = Path(source)
    if not path.is_file():
        close = difflib.get_close_matches(name, presets(), 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise ConfigError(f"{name}: neither a file nor a preset; presets are {', '.join(presets())}{hint}")
    if path.stat().st_size > 1 << 20:
        raise ConfigError(f"{name}: expected a configuration of at most 1 MiB, got {path.stat().st_size} bytes")
    return path.read_text()


def _change(change: str) -> dict[str, Any]:
    """ "a.b=1" as {"a": {"b": 1}}."""
    key, equals, value = change.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"--set {change}: expected key=value, such as search.population=128")
    try:
        return nested(key.strip(), yaml.safe_load(value))
    except yaml.YAMLError:
        raise ConfigError(f"--set {change}: {value!r} is not a YAML value") from None


def nested(key: str, value: Any) -> dict[str, Any]:
    """ "a.b" and 1 as {"a": {"b": 1}}."""
    for name in reversed(key.split(".")):
        value = {name: value}
    return dict(value)


def merge(data: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Lay `changes` over `data`, in place. Settings of what is replaced by another variant do not apply to that one."""
    for key, value in changes.items():
        if isinstance(value, Mapping) and value:
            data[key] = _kept(data.get(key), value)
            merge(data[key], value)
        else:
            data[key] = value


def _kept(old: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What remains of a section when these changes are laid over it."""
    # a part may be given by its name alone
    kept = {"name": old} if isinstance(old, str) else dict(old) if isinstance(old, Mapping) else {}
    if "baseline" in changes:  # it stands instead of all parts
        return {key: value for key, value in kept.items() if key == "baseline"}
    if changes.get("name", kept.get("name")) != kept.get("name"):
        return {}
    if changes.get("optimizer", kept.get("optimizer")) != kept.get("optimizer"):
        kept.pop("options", None)
    return kept


def explain(error: ValidationError, source: str, section: type[BaseModel]) -> str:
    """A line for each thing that pydantic found wrong in the data for `section`, which came from `source`."""
    return "\n".join(f"{source}: {_explain(problem, section)}" for problem in error.errors())


def _explain(problem: Any, section: type[BaseModel]) -> str:
    steps = [str(step) for step in problem["loc"] if not str(step).startswith(("function-", "str", "dict["))]
    if steps[:1] == ["task"]:  # after it pydantic names which of the tasks it is
        kind, steps = steps[1:2], ["task", *steps[2:]]
    else:
        kind = []
    key = ".".join(steps) or "all of it"
    if problem["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        known = _keys(steps[:-1], section, *kind)
        close = difflib.get_close_matches(steps[-1], known, 1)
        return f"{key}: no such key; " + (f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}")
    if problem["type"] == "missing":
        return f"{key}: missing"
    if problem["type"] == "value_error":  # of our own validators: it says what came
        return f"{key}: {problem['ctx']['error']}"
    if problem["type"] in ("model_type", "dataclass_type"):
        return f"{key}: expected keys and values, got {problem['input']!r}"
    return f"{key}: {problem['msg']}, got {problem['input']!r}"


def _keys(steps: Sequence[str], section: Any, task: str = "") -> list[str]:
    """The keys of the section at this place below `section`; `task` is the name of the task that is configured."""
    for step in steps:
        if step == "task":
            section = next((kind for kind in TASKS if kind.model_fields["name"].default == task), None)
            continue
        if get_origin(section) is list:
            section = get_args(section)[0]
            continue
        annotation = getattr(section, "model_fields", {}).get(step)
        section = annotation.annotation if annotation else None
    fields = getattr(section, "model_fields", None) or getattr(section, "__dataclass_fields__", {})
    return [field for field in fields if not field.startswith("_")]
