"""Clips: a policy at play as an animated GIF that is small and does not flicker, made without any window.

There is one palette for all pictures, no dithering, and a file is written whole or not at all.
"""

import io
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pygame
from PIL import Image

from emergent import model_file
from emergent.files import write_whole
from emergent.model_file import ModelFile
from emergent.view.dashboard import Dashboard
from emergent.view.scenes import Choice
from emergent.view.stage import stage

EXTENT = (640, 360)  # px
RATE = 10  # pictures a second
SECONDS = 12.0
LARGEST = 2_000_000  # bytes of a clip
_SAMPLED = 12  # pictures that the palette is made from


class Form(NamedTuple):
    """How a clip is written: its width as a share of the pictures', how many colours, and every how manyth picture."""

    share: float
    colors: int
    every: int


_FORMS = [  # fewer pictures before smaller ones: texts must stay legible
    *(Form(1.0, 96, 1), Form(1.0, 64, 1), Form(1.0, 64, 2), Form(1.0, 48, 3), Form(1.0, 48, 4)),
    *(Form(1.0, 32, 5), Form(0.5, 48, 3), Form(0.5, 24, 6)),
]


def record(
    model: ModelFile | str | Path,
    path: Path,
    track: Choice | None = None,
    *,
    seconds: float = SECONDS,
    largest: int = LARGEST,
) -> Form:
    """Write a clip of a trained policy at play.

    Args:
        model: a model file, or the path of one.
        path: of the GIF.
        track: where it drives, until it is over; None: on tracks of the test, one after the other.
        seconds: how long at most; largest: bytes.

    Returns:
        The form of the clip.

    Raises:
        ValueError: not the name of a GIF in a folder; as `write_clip`, and as `emergent.view.scenes.scene`.
        OSError, DamagedFileError, UnknownPartError: as `emergent.model_file.load`.
    """
    if path.suffix.lower() != ".gif":
        raise ValueError(f"{path}: expected a name that ends in .gif: a clip is an animated GIF")
    if not path.parent.is_dir():
        raise ValueError(f"{path}: there is no folder {path.parent}; make it first")
    opened = model if isinstance(model, ModelFile) else model_file.load(Path(model))
    return write_clip(path, film(opened, track, seconds), RATE, largest)


def film(model: ModelFile, track: Choice | None = None, seconds: float = SECONDS) -> list[np.ndarray]:
    """The pictures of a clip, (height, width, 3) uint8: at first micro-step by micro-step, then in real time."""
    place, automaton, player = stage(model, track)
    dashboard = Dashboard(place, automaton, EXTENT)
    surface = pygame.Surface(EXTENT)
    count = max(round(seconds * RATE), 1)
    slow = count // 4 if automaton else 0
    pictures: list[np.ndarray] = []
    try:
        while len(pictures) < count and not (track is not None and player.number):
            if len(pictures) >= slow:  # from here on thoughts are too fast to be seen: their ends are shown
                player.think_through()
            dashboard.draw(surface, player, "micro-step by micro-step" if len(pictures) < slow else "real time")
            pictures.append(np.ascontiguousarray(pygame.surfarray.array3d(surface).swapaxes(0, 1)))
            if len(pictures) < slow:
                player.one_micro_step()
            elif len(pictures) > slow:
                player.tick(1.0 / RATE)
    finally:
        place.close()
    return pictures


def write_clip(path: Path, pictures: Sequence[np.ndarray], rate: float = 10.0, largest: int = LARGEST) -> Form:
    """Write `pictures` as a GIF that plays round and round, in the best form that is not larger than `largest`.

    Args:
        pictures: (height, width, 3) uint8 each, all of one size.
        rate: pictures a second; a GIF counts in hundredths of a second.
        largest: bytes.

    Returns:
        The form it took.

    Raises:
        ValueError: there are no pictures, they differ in size, or no form is small enough.
        OSError: as `emergent.files.write_whole`.
    """
    if not len(pictures):
        raise ValueError("expected at least one picture for a clip, got none")
    if len({picture.shape for picture in pictures}) > 1:
        raise ValueError(f"expected pictures of one size, got {sorted({picture.shape for picture in pictures})}")
    size = 0
    for form in _FORMS:
        content = _encode(pictures, rate, form)
        size = len(content)
        if size <= largest:
            write_whole(path, content)
            return form
    raise ValueError(
        f"{path}: {len(pictures)} pictures take {size} bytes at least, more than {largest}; make the clip shorter"
    )


def _encode(pictures: Sequence[np.ndarray], rate: float, form: Form) -> bytes:
    """The bytes of a GIF."""
    images = [Image.fromarray(picture) for picture in pictures[:: form.every]]
    if form.share < 1:
        extent = (round(images[0].width * form.share), round(images[0].height * form.share))
        images = [image.resize(extent, Image.Resampling.BOX) for image in images]
    palette = _palette(images, form.colors)
    indices = [np.asarray(image.quantize(palette=palette, dither=Image.Dither.NONE)) for image in images]
    hole = form.colors  # one more index: what has not changed is left open, which packs seven times as small
    changed = [np.where(new == old, np.uint8(hole), new) for old, new in pairwise(indices)]
    drawn = [Image.fromarray(picture) for picture in (indices[0], *changed)]
    for image in drawn:
        image.putpalette(palette.getpalette())  # type: ignore[arg-type]  # it has one
    file = io.BytesIO()
    drawn[0].save(
        file,
        format="GIF",
        save_all=True,
        append_images=drawn[1:],
        duration=round(100 * form.every / rate) * 10,  # ms
        loop=0,
        transparency=hole,
        optimize=False,  # or each picture would get a palette of its own
        disposal=1,
    )
    return file.getvalue()


def _palette(images: Sequence[Image.Image], colors: int) -> Image.Image:
    """An image whose palette suits all of them, made from a few, spread over the clip.

    Half of it are the commonest colours as they are, so that large areas keep theirs; the other half covers the range
    of all others evenly, however rare they are, or a small red car would turn brown.
    """
    chosen = np.unique(np.linspace(0, len(images) - 1, _SAMPLED).round().astype(int))
    pixels = np.concatenate([np.asarray(images[i]).reshape(-1, 3) for i in chosen]).astype(np.int32)
    packed, counts = np.unique(pixels @ np.array([1 << 16, 1 << 8, 1], np.int32), return_counts=True)
    found = (packed[:, None] >> np.array([16, 8, 0]) & 255).astype(np.uint8)
    commonest = found[np.argsort(-counts, kind="stable")[: colors // 2]]
    rest = colors - len(commonest)
    spread = Image.fromarray(found[None]).quantize(rest, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    palette = Image.new("P", (1, 1))
    palette.putpalette(commonest.ravel().tolist() + (spread.getpalette() or [])[: 3 * rest])
    return palette
