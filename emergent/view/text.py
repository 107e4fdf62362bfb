"""Lines of text on a surface, in one typeface wherever the program runs: the one that comes with matplotlib."""

import functools
from pathlib import Path

import pygame

from emergent.view.palette import TEXT, Color


@functools.cache
def _font(size: int, bold: bool) -> pygame.font.Font:
    import matplotlib  # for its files only

    face = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")
    return pygame.font.Font(face, size) if face.exists() else pygame.font.Font(None, round(1.4 * size))


def write(
    surface: pygame.Surface,
    text: str,
    place: tuple[float, float],
    size: int = 14,
    color: Color = TEXT,
    align: str = "left",
    bold: bool = False,
) -> int:
    """Write `text`; returns the x at which it ends.

    Args:
        place: the left or right end of the line, or its middle, as `align` says; y is the line's middle.
        size: pixels.
        align: "left", "right" or "centre".
    """
    if not pygame.font.get_init():
        pygame.font.init()
        _font.cache_clear()  # fonts die with the module's life
    drawn = _font(size, bold).render(text, True, color)
    left = place[0] - {"left": 0.0, "centre": 0.5, "right": 1.0}[align] * drawn.get_width()
    surface.blit(drawn, (round(left), round(place[1] - drawn.get_height() / 2)))
    return round(left) + drawn.get_width()


def width(text: str, size: int = 14, bold: bool = False) -> int:
    """How many pixels wide `text` would be."""
    if not pygame.font.get_init():
        pygame.font.init()
        _font.cache_clear()
    return _font(size, bold).size(text)[0]
