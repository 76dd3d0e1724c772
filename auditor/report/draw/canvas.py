"""Canvas: one unit is one point (1/72 inch), and y grows downwards."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle
from matplotlib.ticker import MaxNLocator

from auditor.report.draw.theme import LIGHT

SIZE = 9.0
SMALL = 8.0
_EM_SHARE = 0.62
"""Width of a typical character of DejaVu Sans in font sizes, rounded up."""


def text_width(text: str, size: float = SIZE) -> float:
    """Estimate the width of a line of text in points, on the safe side."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return size * (_EM_SHARE * (len(text) - wide) + 1.1 * wide)


def widest(texts: Sequence[str], size: float = SIZE) -> float:
    """Estimate the width of the widest line in points."""
    return max((text_width(text, size) for text in texts), default=0.0)


class Canvas:
    """A figure of ``width`` × ``height`` points, with the few marks that the report's figures use."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / 72, height / 72))
        self.axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, width), ylim=(height, 0))
        self.axes.axis("off")

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        align: str = "left",
        size: float = SIZE,
        colour: str = "ink",
        bold: bool = False,
        rotation: float = 0.0,
    ) -> None:
        """Write a line whose middle is at height ``y``; a rotated one begins at (x, y)."""
        self.axes.text(
            x,
            y,
            text,
            ha=align,
            va="bottom" if rotation else "center_baseline",
            size=size,
            color=LIGHT[colour],
            weight="bold" if bold else "normal",
            rotation=rotation,
            rotation_mode="anchor",
        )

    def block(
        self, x: float, y: float, width: float, height: float, colour: str, *, alpha: float = 1.0, round_by: float = 1.5
    ) -> None:
        """Fill a rectangle; its corners are rounded where it is large enough."""
        look: dict[str, Any] = {"facecolor": (LIGHT[colour], alpha), "edgecolor": "none", "linewidth": 0}
        if min(width, height) > 2 * round_by:
            box = f"round,pad=0,rounding_size={round_by}"
            self.axes.add_patch(FancyBboxPatch((x, y), width, height, boxstyle=box, **look))
        else:
            self.axes.add_patch(Rectangle((x, y), width, height, **look))

    def line(
        self,
        x: Sequence[float],
        y: Sequence[float],
        colour: str,
        *,
        width: float = 0.7,
        dashed: bool = False,
        behind: bool = False,
    ) -> None:
        """Draw a line through points."""
        look: dict[str, Any] = {"linestyle": (0, (3, 2)) if dashed else "-", "zorder": 0 if behind else 2}
        self.axes.plot(x, y, color=LIGHT[colour], linewidth=width, solid_capstyle="butt", **look)

    def mark(self, x: float, y: float, shape: str, colour: str, *, filled: bool) -> None:
        """Draw a marker of matplotlib's, filled or hollow."""
        face = LIGHT[colour] if filled else LIGHT["paper"]
        self.axes.plot([x], [y], shape, color=LIGHT[colour], markerfacecolor=face, markersize=5.5, markeredgewidth=1.4)


class Scale:
    """Scale from a quantity (zero to ``top``) to x, with round ticks."""

    def __init__(self, top: float, left: float, right: float) -> None:
        ticks = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10]).tick_values(0, top or 1.0)
        self.ticks = [float(tick) for tick in ticks]
        self.left, self.per_unit = left, (right - left) / self.ticks[-1]

    def __call__(self, value: float) -> float:
        """Return the x of a value."""
        return self.left + value * self.per_unit

    def draw(self, canvas: Canvas, top: float, bottom: float, labels: Sequence[str]) -> None:
        """Rule thin lines at the ticks, and write their labels under them."""
        for tick, label in zip(self.ticks, labels, strict=True):
            canvas.line((self(tick), self(tick)), (top, bottom), "line", width=0.6, behind=True)
            canvas.text(self(tick), bottom + SMALL, label, align="center", size=SMALL, colour="muted")
