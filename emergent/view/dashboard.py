"""The one picture of a policy at play, for the window and for clips: scene, automaton, and what is worth watching."""

from typing import NamedTuple

import pygame

from emergent.view.automaton import Automaton
from emergent.view.palette import FAINT, GROUND, MUTED, PANEL, TEXT, Color
from emergent.view.player import Player
from emergent.view.scenes import Gauge, Scene
from emergent.view.text import width, write

_FORWARD: Color = (120, 178, 120)
_BACKWARD: Color = (206, 90, 84)
_PLAIN: Color = (124, 160, 206)
_SHADE = (16, 18, 23, 205)
_WIDE = 1000  # px of a picture from which on its texts have full size


class Layout(NamedTuple):
    """Where everything goes, and the size of texts [px]; `automaton` is empty for a policy without one."""

    size: int
    header: pygame.Rect
    scene: pygame.Rect
    automaton: pygame.Rect
    gauges: pygame.Rect
    keys: pygame.Rect


def layout(extent: tuple[int, int], automaton: bool, keys: bool) -> Layout:
    """The layout of a picture of `extent` (width, height) px."""
    full = extent[0] >= _WIDE
    size, gap, row = (14, 14, 44) if full else (11, 8, 24)
    inner = pygame.Rect(gap, 0, extent[0] - 2 * gap, extent[1])
    header = pygame.Rect(inner.left, 0, inner.width, row)
    bottom = pygame.Rect(inner.left, extent[1] - (row - 8 if keys else 4), inner.width, row - 8 if keys else 4)
    gauges = pygame.Rect(inner.left, bottom.top - 3 * size - 4, inner.width, 3 * size)
    high = gauges.top - 6 - header.bottom
    wide = round(0.56 * inner.width) if automaton else inner.width
    scene = pygame.Rect(inner.left, header.bottom, wide, high)
    beside = pygame.Rect(scene.right + gap, header.bottom, inner.right - scene.right - gap if automaton else 0, high)
    return Layout(size, header, scene, beside, gauges, bottom)


class Dashboard:
    """Draws a player.

    Args:
        scene: where it acts.
        automaton: its automaton, or None.
        extent: (width, height) of the pictures, px.
        keys: the line that says which keys there are, "" for none.
    """

    def __init__(self, scene: Scene, automaton: Automaton | None, extent: tuple[int, int], keys: str = ""):
        self._scene, self._automaton, self._keys = scene, automaton, keys
        self._layout = layout(extent, automaton is not None, bool(keys))

    def draw(self, surface: pygame.Surface, player: Player, note: str = "") -> None:
        """Draw the present moment of `player` onto all of `surface`; a clip may say in a `note` how fast it is."""
        place = self._layout
        surface.fill(GROUND)
        self._scene.draw(surface, place.scene)
        if self._automaton:
            self._automaton.draw(surface, place.automaton, player.micro_step, place.size)
        self._draw_header(surface, player, note)
        self._draw_gauges(surface, player)
        if self._keys:
            write(surface, self._keys, (place.keys.left, place.keys.centery), place.size - 1, MUTED)
        if news := player.news():
            self._draw_news(surface, news)

    def _draw_header(self, surface: pygame.Surface, player: Player, note: str) -> None:
        place, y = self._layout, self._layout.header.centery
        x = write(surface, self._scene.title(), (place.header.left, y), place.size + 2, TEXT, bold=True)
        if self._keys:
            pace = player.pace()
            write(surface, pace, (place.header.right, y), place.size, MUTED, "right")
            beside = place.header.right - (width(pace, place.size) + 3 * place.size if pace else 0)
            state = min(place.scene.right, beside)
            write(surface, self._scene.state(), (state, y), place.size, TEXT, "right")
        else:
            write(surface, self._scene.state(), (place.header.right, y), place.size, TEXT, "right")
            write(surface, note, (x + 2 * place.size, y), place.size, MUTED)

    def _draw_gauges(self, surface: pygame.Surface, player: Player) -> None:
        gauges = self._scene.gauges()
        if self._automaton:
            gauges.append(_thinking(player))
        area, gap = self._layout.gauges, 2 * self._layout.size
        wide = (area.width - gap * (len(gauges) - 1)) / len(gauges)
        for i, gauge in enumerate(gauges):
            place = pygame.Rect(round(area.left + i * (wide + gap)), area.top, round(wide), area.height)
            _draw_gauge(surface, gauge, place, self._layout.size)

    def _draw_news(self, surface: pygame.Surface, news: list[str]) -> None:
        """The lines in a box over the scene, the first one larger."""
        place = self._layout
        sizes = [round(1.6 * place.size)] + [place.size + 1] * (len(news) - 1)
        wide = max(width(text, size, i == 0) for i, (text, size) in enumerate(zip(news, sizes, strict=True)))
        box = pygame.Rect(0, 0, wide + 3 * sizes[0], 2 * sizes[0] + sum(2 * size for size in sizes[1:]))
        box.midtop = (place.scene.centerx, place.scene.top + sizes[0] // 2)
        if not self._automaton:  # a scene as wide as this has more room at its sides
            box.left = place.scene.left
        shade = pygame.Surface(box.size, pygame.SRCALPHA)
        pygame.draw.rect(shade, _SHADE, shade.get_rect(), border_radius=sizes[0] // 3)
        surface.blit(shade, box)
        color = _BACKWARD if news[0] == "accident" else TEXT
        write(surface, news[0], (box.centerx, box.top + sizes[0]), sizes[0], color, "centre", bold=True)
        for i, text in enumerate(news[1:]):
            write(
                surface,
                text,
                (box.centerx, box.top + 2 * sizes[0] + (2 * i + 0.6) * sizes[1]),
                sizes[1],
                TEXT,
                "centre",
            )


def _thinking(player: Player) -> Gauge:
    """How far the present thought is."""
    done, steps = player.micro_step, player.micro_steps
    if done < steps:
        text = f"{done} / {steps}"
    else:
        text = f"halted at {done}" if player.thought.halted[0] else f"not halted at {done}"
    return Gauge("micro-step", done / max(steps, 1), text)


def _draw_gauge(surface: pygame.Surface, gauge: Gauge, area: pygame.Rect, size: int) -> None:
    """Its name and value, and a bar below them."""
    y = area.top + size * 0.7
    write(surface, gauge.text, (area.right, y), size, TEXT, "right")
    if width(gauge.name, size) + width(gauge.text, size) + 4 <= area.width:
        write(surface, gauge.name, (area.left, y), size, MUTED)
    bar = pygame.Rect(area.left, area.top + round(1.6 * size), area.width, max(size // 2, 5))
    pygame.draw.rect(surface, PANEL, bar, border_radius=bar.height // 2)
    share = min(max(gauge.share, -1.0 if gauge.centred else 0.0), 1.0)
    color = {"throttle": _FORWARD, "brake": _BACKWARD}.get(gauge.name, _PLAIN)
    if gauge.centred:
        left, right = sorted((bar.centerx, round(bar.centerx + share * bar.width / 2)))
        pygame.draw.rect(surface, color, (left, bar.top, right - left, bar.height))
        pygame.draw.line(surface, FAINT, (bar.centerx, bar.top - 2), (bar.centerx, bar.bottom + 1))
    elif share > 0:
        filled = pygame.Rect(bar.left, bar.top, max(round(share * bar.width), bar.height), bar.height)
        pygame.draw.rect(surface, color, filled, border_radius=bar.height // 2)
