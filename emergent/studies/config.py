"""The file of a study: what is compared with what, and how often."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError, model_validator

from emergent import config
from emergent.config import ConfigError, Section, Settings


def _without_seed(layer: dict[str, Any]) -> dict[str, Any]:
    if "seed" in layer:
        raise ValueError("the study itself sets the seed, 0, 1, 2 and so on; leave it out")
    return layer


Layer = Annotated[dict[str, Any], AfterValidator(_without_seed)]
Seeds = Annotated[int, Field(ge=1, le=1000)]


class Row(Section):
    """A row of the table: what is trained, or a baseline in which nothing is."""

    name: Annotated[str, Field(min_length=1, max_length=80)] = Field(..., description="what the table calls it")
    source: str | None = Field(None, description="a preset, or a YAML file beside that of the study")
    env: str | None = Field(None, description="the gymnasium environment that is its task, as of train --env")
    change: Layer = Field({}, description="what is laid over source and base in this row")
    best_of: list[Layer] = Field([], description="variants, of which the best in selection counts, seed by seed")
    seeds: Seeds | None = Field(None, description="how many seeds, if not as many as the study")
    untrained: Settings | None = Field(None, description="a baseline as it comes, instead of source")
    centre_line: bool = Field(False, description="the centre line at perfect speed, instead of source")

    @model_validator(mode="after")
    def _one_thing(self) -> "Row":
        if (self.source is not None) + (self.untrained is not None) + self.centre_line != 1:
            raise ValueError("expected one of source, untrained and centre_line: true")
        if self.source is None and (self.change or self.best_of):
            raise ValueError("change and best_of are of a row with a source")
        return self


class Point(Section):
    """A point of a figure, where no single key says what it stands for."""

    value: Any = Field(..., description="what the axis says")
    change: Layer = Field(..., description="what is laid over source, base and the change of the sweep")


class Sweep(Section):
    """A figure: the score against one key of the configuration, or against what its points say."""

    name: Annotated[str, Field(min_length=1, max_length=80)] = Field(..., description="what the figure calls the key")
    source: str = Field(..., description="a preset, or a YAML file beside that of the study")
    change: Layer = Field({}, description="what is laid over source and base in this sweep")
    key: Annotated[str, Field(min_length=1)] | None = Field(None, description="what changes: model.decoder.gain")
    values: Annotated[list[Any], Field(max_length=1000)] = Field([], description="what the key is set to")
    points: Annotated[list[Point], Field(max_length=1000)] = Field([], description="instead of a key and its values")
    seeds: Seeds | None = Field(None, description="how many seeds, if not as many as the study")
    log: bool = Field(False, description="draw the values on a logarithmic axis")

    @model_validator(mode="after")
    def _can_be_drawn(self) -> "Sweep":
        if (self.key is not None, bool(self.values)) != (not self.points, not self.points):
            raise ValueError("expected either a key and values for it, at least one, or points")
        if self.log and not all(type(value) in (int, float) and value > 0 for value, _ in self.layers):
            raise ValueError("a logarithmic axis needs values that are numbers above 0")
        if self.key is not None and self.key.partition(".")[0] == "seed":
            raise ValueError("the study itself sets the seed; sweep another key")
        return self

    @property
    def layers(self) -> list[tuple[Any, dict[str, Any]]]:
        """Each value, and what is laid over the configuration for it."""
        if self.key is None:
            return [(point.value, point.change) for point in self.points]
        return [(value, config.nested(self.key, value)) for value in self.values]


class StudyConfig(Section):
    """Everything a study depends on."""

    title: Annotated[str, Field(min_length=1)] = Field(..., description="heading of the page")
    about: str = Field("", description="a paragraph that stands above the table")
    seeds: Seeds = Field(5, description="runs of each row, with seeds 0, 1, 2 and so on")
    base: Layer = Field({}, description="what is laid over the source of every row and sweep")
    rows: list[Row] = Field([], description="rows of the table; the others are compared with the first")
    sweeps: list[Sweep] = Field([], description="one figure each")
    laps: Annotated[int, Field(ge=2, le=100)] | None = Field(
        None, description="laps that every trained driver does besides, to compare its first and its last"
    )
    curves: bool = Field(False, description="draw the held-out score against evaluations, a line for each row")

    @model_validator(mode="after")
    def _something(self) -> "StudyConfig":
        if not self.rows and not self.sweeps:
            raise ValueError("expected rows, sweeps or both")
        return self


def read(file: str | Path) -> StudyConfig:
    """The study in a YAML file; its runs are not looked at yet, see `emergent.studies.trials.plan`.

    Raises:
        ConfigError: there is no such file, or it is wrong: a line for each thing, with its key.
    """
    if not Path(file).is_file():  # else the names of presets would be offered
        raise ConfigError(f"{file}: expected the YAML file of a study, but there is no such file")
    data = config.parse(Path(file))
    try:
        return StudyConfig.model_validate(data)
    except ValidationError as error:
        raise ConfigError(config.explain(error, str(file), StudyConfig)) from None
