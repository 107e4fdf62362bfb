"""The living automaton on a surface: a grid as its present sheet, a tape as its present row below the rows before.

Cells are one small picture scaled up, so that a large space costs no more than a small one. Those that a part reads or
writes are outlined in the colour of their role.
"""

from collections import deque

import numpy as np
import pygame

from emergent.model import Model
from emergent.verbs import levels
from emergent.view import palette
from emergent.view.palette import FAINT, GROUND, MUTED, ROLES, TEXT, Color, Scale, colours, roles
from emergent.view.text import width, write

_CAPTION, _LEGEND = 22, 24  # px: heights of the lines above and below
_ROWS_KEPT = 720  # of a tape: no picture shows more
_ROOMY = 6  # px of a cell from which on it is parted from the next, and outlined
_LARGEST_CELL = 64  # px
_APART, _NARROWEST = 32, 80  # px between two sheets, and the width that a caption needs
_CHANNELS = {1: ("cells",), 2: ("activity", "gain")}  # of two channels the second is a gain, see `emergent.spaces`


class Automaton:
    """The picture of one model's automaton, thought after thought.

    Args:
        model: what is pictured; its space may be any that `palette.sheets` understands.
    """

    def __init__(self, model: Model):
        self._model = model
        self._states = int(levels(model.space))
        self.roles = roles(model)
        _, self._rows, self._columns = palette.sheets(model, model.initial_state).shape
        self._film = palette.sheets(model, model.initial_state[None])
        self._scales = [Scale() for _ in self._film[0]]
        self._past: deque[tuple[np.ndarray, bool]] = deque(maxlen=_ROWS_KEPT)  # a row, and whether a thought begins
        self._outlines: dict[int, pygame.Surface] = {}  # by the size of a cell; they never change
        self._follow_scales()

    def restart(self) -> None:
        """Forget the rows of former thoughts."""
        self._past.clear()
        self._film = self._film[:0]

    def follow(self, film: np.ndarray) -> None:
        """Take up the film (micro-steps + 1, cells) of a new thought."""
        if self._rows == 1:
            self._past.extend((row, number == 0) for number, row in enumerate(self._film))
        self._film = palette.sheets(self._model, film)
        self._follow_scales()

    def _follow_scales(self) -> None:
        for scale, sheet in zip(self._scales, self._film.swapaxes(0, 1), strict=True):
            scale.follow(sheet.astype(float))

    def draw(self, surface: pygame.Surface, area: pygame.Rect, micro_step: int, size: int = 14) -> None:
        """Draw the state after `micro_step` micro-steps of the present thought into `area`, texts `size` px high."""
        cells = area.inflate(0, -_LEGEND)
        cells.top = area.top
        micro_step = min(micro_step, len(self._film) - 1)
        if self._rows == 1:
            self._draw_tape(surface, cells, micro_step, size)
        else:
            self._draw_grid(surface, cells, micro_step, size)
        self._draw_legend(surface, area, size)

    # --- a grid --------------------------------------------------------------------------------------------------

    def _draw_grid(self, surface: pygame.Surface, area: pygame.Rect, micro_step: int, size: int) -> None:
        """The sheets of all channels side by side or one above the other, however they get larger."""
        names = _CHANNELS.get(len(self._scales), tuple(f"channel {i}" for i in range(len(self._scales))))
        beside, above = self._slots(area, len(names), True), self._slots(area, len(names), False)
        slots = max((beside, above), key=lambda slots: self._zoom(slots[0]))
        for channel, (name, slot) in enumerate(zip(names, slots, strict=True)):
            place = self._draw_sheet(surface, slot, channel, micro_step)
            text = name if self._states else f"{name}  ±{float(self._scales[channel]):.2g}"
            write(surface, text, (place.centerx, place.top - _CAPTION / 2), size, MUTED, "centre")

    def _slots(self, area: pygame.Rect, count: int, beside: bool) -> list[pygame.Rect]:
        """Where each of `count` sheets and its caption go."""
        step = (area.width // count, 0) if beside else (0, area.height // count)
        extent = (area.width // count - 8, area.height) if beside else (area.width, area.height // count)
        slots = [pygame.Rect((area.left + 4 + i * step[0], area.top + i * step[1]), extent) for i in range(count)]
        if beside:  # narrow sheets stand together in the middle
            wide = min(extent[0], max(int(self._zoom(slots[0]) * self._columns), _NARROWEST) + _APART)
            for i, slot in enumerate(slots):
                slot.left = round(area.centerx + (i - count / 2) * (wide + 8) + 4)
                slot.width = wide
        return slots

    def _zoom(self, slot: pygame.Rect) -> float:
        """Pixels of a cell; a whole number unless there are more cells than pixels."""
        zoom = min(slot.width / self._columns, (slot.height - _CAPTION) / self._rows, _LARGEST_CELL)
        return int(zoom) if zoom >= 1 else zoom

    def _draw_sheet(self, surface: pygame.Surface, slot: pygame.Rect, channel: int, micro_step: int) -> pygame.Rect:
        zoom = self._zoom(slot)
        extent = (max(round(zoom * self._columns), 1), max(round(zoom * self._rows), 1))
        place = pygame.Rect((0, 0), extent)
        place.center = (slot.centerx, slot.centery + _CAPTION // 2)
        values = self._film[micro_step, channel]
        _blit(surface, colours(values, self._states, float(self._scales[channel])), place)
        if zoom >= _ROOMY:
            _part(surface, place, int(zoom), int(zoom))
        if channel == 0 and zoom >= 3:  # inputs go into the first channel, outputs are read from there
            surface.blit(self._outlined(int(zoom)), place)
        return place

    def _outlined(self, zoom: int) -> pygame.Surface:
        """The outlines of all roles, as a transparent sheet of cells of `zoom` pixels."""
        if zoom not in self._outlines:
            sheet = pygame.Surface((zoom * self._columns, zoom * self._rows), pygame.SRCALPHA)
            self._outline(sheet, zoom, zoom)
            self._outlines[zoom] = sheet
        return self._outlines[zoom]

    def _outline(self, sheet: pygame.Surface, wide: int, high: int) -> None:
        """Outline the cells of each role, in `sheet` of cells `wide` x `high`; a second role goes inside the first."""
        thick = 1 if min(wide, high) < 10 else 2
        taken: dict[int, int] = {}
        for role, cells in self.roles.items():
            for cell in map(int, cells):
                if cell >= self._rows * self._columns:
                    continue  # in another channel
                row, column = divmod(cell, self._columns)
                inset = taken.get(cell, 0)
                taken[cell] = inset + thick + 1
                box = pygame.Rect(column * wide, row * high, wide - 1, high - 1).inflate(-2 * inset, -2 * inset)
                pygame.draw.rect(sheet, ROLES[role], box, thick)

    # --- a tape --------------------------------------------------------------------------------------------------

    def _draw_tape(self, surface: pygame.Surface, area: pygame.Rect, micro_step: int, size: int) -> None:
        """The present row at the bottom, outlined; above it all that came before, the latest nearest."""
        wide = (area.width - 16) / self._columns
        wide = int(wide) if wide >= 4 else wide  # whole pixels, unless that would leave much of the area empty
        now = pygame.Rect(0, 0, max(round(wide * self._columns), 1), max(14, min(int(wide), 32)))
        now.midbottom = (area.centerx, area.bottom - 4)
        write(surface, "time runs down to the present row", (area.centerx, area.top + 10), size, MUTED, "centre")
        before = pygame.Rect(now.left, area.top + _CAPTION, now.width, now.top - 8 - area.top - _CAPTION)
        self._draw_past(surface, before, micro_step, max(2, min(round(wide), 8)))
        row = self._film[micro_step, 0]
        _blit(surface, colours(row, self._states, float(self._scales[0])), now)
        if wide >= _ROOMY:
            _part(surface, now, int(wide), now.height)
            overlay = pygame.Surface(now.size, pygame.SRCALPHA)
            self._outline(overlay, int(wide), now.height)
            surface.blit(overlay, now)
        self._mark(surface, pygame.Rect(now.left, now.top - 6, now.width, 4))

    def _draw_past(self, surface: pygame.Surface, area: pygame.Rect, micro_step: int, high: int) -> None:
        """As many rows as fit, `high` px each, down to the present one; a tick where a thought begins."""
        shown = area.height // high
        rows = [*self._past, *((row, i == 0) for i, row in enumerate(self._film[: micro_step + 1]))][-shown:]
        cells = np.stack([row[0, 0] for row, _ in rows])
        place = pygame.Rect(area.left, area.bottom - high * len(rows), area.width, high * len(rows))
        _blit(surface, colours(cells, self._states, float(self._scales[0])), place)
        for number, (_, begins) in enumerate(rows):
            if begins:
                y = place.top + high * number
                pygame.draw.line(surface, FAINT, (place.left - 6, y), (place.left - 1, y))
                pygame.draw.line(surface, FAINT, (place.right, y), (place.right + 5, y))

    def _mark(self, surface: pygame.Surface, area: pygame.Rect) -> None:
        """A coloured bar over every cell that has a role: the only mark where cells are too small for outlines."""
        edges = np.linspace(area.left, area.right, self._columns + 1).round().astype(int)
        for role, cells in self.roles.items():
            for cell in cells:
                left, right = edges[cell], max(edges[cell + 1], edges[cell] + 1)
                surface.fill(ROLES[role], (left, area.top, right - left, area.height))

    # --- what the colours mean -----------------------------------------------------------------------------------

    def _draw_legend(self, surface: pygame.Surface, area: pygame.Rect, size: int) -> None:
        y, x = area.bottom - _LEGEND // 2 + 2, area.left + 4
        for role, cells in self.roles.items():
            if len(cells):
                x = _entry(surface, (x, y), ROLES[role], role, size, 2)
        if not self._states:
            x = write(surface, "-", (x, y), size, TEXT, bold=True) + 4
            bar = pygame.Rect(x, y - 5, 3 * size, 10)
            _blit(surface, colours(np.linspace(-1, 1, bar.width)[None], 0), bar)
            write(surface, "+", (bar.right + 4, y), size, TEXT, bold=True)
            return
        for state, color in enumerate(palette.state_colours(self._states)):
            if x + 17 + width(str(state), size) > area.right:
                break
            x = _entry(surface, (x, y), (int(color[0]), int(color[1]), int(color[2])), str(state), size, 0)


def _entry(surface: pygame.Surface, place: tuple[int, int], color: Color, text: str, size: int, thick: int) -> int:
    """A box of a legend, filled if `thick` is 0, and what it means; returns the x at which the next one goes."""
    pygame.draw.rect(surface, color, (place[0], place[1] - 5, 11, 11), thick)
    if not thick:
        pygame.draw.rect(surface, FAINT, (place[0], place[1] - 5, 11, 11), 1)
    return write(surface, text, (place[0] + 15, place[1]), size) + size // 2 + 2


def _blit(surface: pygame.Surface, picture: np.ndarray, place: pygame.Rect) -> None:
    """Scale a picture (rows, columns, 3) to `place`: sharp cells if there is room, their means if not."""
    picture = picture if picture.ndim == 3 else picture[None]
    small = pygame.surfarray.make_surface(picture.swapaxes(0, 1))
    wide, high = small.get_size()
    if place.width % wide or place.height % high:  # no whole pixels a cell: enlarge by whole ones, then take means
        small = pygame.transform.scale(small, (wide * -(-place.width // wide), high * -(-place.height // high)))
        small = pygame.transform.smoothscale(small, place.size)
    surface.blit(pygame.transform.scale(small, place.size), place)


def _part(surface: pygame.Surface, place: pygame.Rect, wide: int, high: int) -> None:
    """Part the cells by lines in the colour of the ground."""
    for x in range(place.left + wide - 1, place.right, wide):
        pygame.draw.line(surface, GROUND, (x, place.top), (x, place.bottom - 1))
    for y in range(place.top + high - 1, place.bottom, high):
        pygame.draw.line(surface, GROUND, (place.left, y), (place.right - 1, y))
