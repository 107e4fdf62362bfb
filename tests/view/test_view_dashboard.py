"""The picture has a place for everything."""

import pygame

from emergent.view.clips import EXTENT
from emergent.view.dashboard import layout


def test_nothing_is_drawn_over_another():
    for extent, keys in (((1280, 720), True), (EXTENT, False)):
        for automaton in (True, False):
            place = layout(extent, automaton, keys)
            areas = [place.header, place.scene, place.gauges, place.keys] + [place.automaton] * automaton
            assert all(pygame.Rect((0, 0), extent).contains(area) for area in areas)
            assert not any(a.colliderect(b) for i, a in enumerate(areas) for b in areas[:i])
