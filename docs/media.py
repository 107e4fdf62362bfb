"""Which media hold a program: measures every number and draws every picture of docs/media.md.

    python docs/media.py

It writes docs/media/*.png and docs/media/media.json, and the table into the page. Seeds are fixed: it always gives the
same.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import media_pictures as pictures
from media_measured import CLIP, MEDIA, PAIRS, SPREADS, SPREADS_AT, TIMES, UNSIGNED, Medium, changing, measure, sheet

PAGE = Path(__file__).with_suffix(".md")
FOLDER = Path(__file__).with_suffix("")
SHOWN = (1, 10, 200)  # thoughts of which the table has the numbers


def table(found: Mapping[str, Mapping[str, list]]) -> str:
    """The numbers of the page, in Markdown."""
    shown = [TIMES.index(t) for t in SHOWN]
    lines = [
        "| medium | program | present input | past | first ten inputs | program cells | sd of output |",
        "|---|:---:|:---:|:---:|:---:|:---:|:---:|",
    ]
    behaviour = ""
    for name, medium in (MEDIA | UNSIGNED).items():
        if medium.behaviour != behaviour:
            behaviour = medium.behaviour
            lines.append(f"| **{behaviour}** | | | | | | |")
        numbers = found[name]
        cells = {
            key: " / ".join(_number(numbers[key][i]) for i in shown)
            for key in ("program", "present", "past", "left", "sd")
        }
        early = _number(numbers["early"][shown[-1]])
        row = medium.title, cells["program"], cells["present"], cells["past"], early, cells["left"], cells["sd"]
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}".replace("-0.00", "0.00")


def main() -> None:
    """Measure, draw, and fill in the table of the page."""
    FOLDER.mkdir(exist_ok=True)
    found = {name: measure(medium) for name, medium in (MEDIA | UNSIGNED).items()}
    by_spread = {
        f"{weight:g}": [
            measure(Medium("", "", sheet(weight, spread, 120 / spread, **CLIP)), (SPREADS_AT,))["past"][0]
            for spread in SPREADS
        ]
        for weight in (0.0, 0.1)
    }
    ash = changing(MEDIA["life"], (10, 50, 200))
    numbers = {
        "times": TIMES,
        "pairs": PAIRS,
        "media": found,
        "past by spread": by_spread,
        "spreads": SPREADS,
        "life": ash,
    }
    (FOLDER / "media.json").write_text(json.dumps(numbers, indent=1) + "\n")
    pictures.draw_shares(found, FOLDER / "shares.png")
    pictures.draw_holding(FOLDER / "holds.png")
    pictures.draw_latching(by_spread, FOLDER / "latches.png")
    pictures.draw_eroding(FOLDER / "erodes.png")
    pictures.draw_scrambling(FOLDER / "scrambles.png")
    pictures.draw_blurring(FOLDER / "blurs.png")
    marks = re.compile(r"(?<=<!-- table -->\n).*?(?=\n<!-- end of table -->)", re.DOTALL)
    PAGE.write_text(marks.sub(lambda _: table(found), PAGE.read_text()))


if __name__ == "__main__":
    main()
