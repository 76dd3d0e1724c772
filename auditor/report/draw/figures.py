"""The report's charts, drawn on a :class:`~auditor.report.draw.canvas.Canvas`; matrices are in their own file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from auditor.arrays import Float32
from auditor.report.display import count, plain, share
from auditor.report.draw.canvas import SMALL, Canvas, Scale, text_width, widest
from auditor.report.draw.theme import LIGHT
from auditor.report.load.summary import ClassHealth, Confusion, LossSpread, Map, ModelScore
from auditor.wording import NARROW_SPACE

WIDTH = 330.0
"""Width of a chart in points: small, so that its text is legible on a phone."""
MOST_CLASSES = 30
"""Maximum rows in a chart of classes."""
MOST_CONFUSIONS = 10
MOST_PANELS = 12
LEFT_OUT = 0.005
"""Share of the points that a panel omits at each side."""
_LABEL = 22
_GRID = (14, 34)
_MARGIN = 4.0


def draw_models(models: Sequence[ModelScore]) -> Figure:
    """Draw a pair of bars per model: accuracy and weighted F1."""
    left, bar, step = widest([plain(model.name, _LABEL) for model in models]) + 3 * _MARGIN, 11.0, 36.0
    canvas = Canvas(WIDTH, step * len(models) + 2 * _MARGIN)
    full = WIDTH - left - text_width("100.0 % weighted F1", SMALL) - 2 * _MARGIN
    for index, model in enumerate(models):
        y = _MARGIN + index * step + 5
        canvas.text(left - 8, y + bar + 1, plain(model.name, _LABEL), align="right", bold=model.name == "consensus")
        for row, (name, value, alpha) in enumerate(
            [("accuracy", model.accuracy, 1.0), ("weighted F1", model.weighted_f1, 0.55)]
        ):
            top = y + row * (bar + 2)
            canvas.block(left, top, full, bar, "faint")
            canvas.block(left, top, full * (value or 0), bar, "agree", alpha=alpha)
            canvas.text(left + full + 6, top + bar / 2, f"{share(value)} {name}", size=SMALL)
    return canvas.figure


def draw_confusions(confusions: Sequence[Confusion]) -> Figure:
    """Draw bars of the most frequent pairs given → suggested among the flagged rows."""
    shown = confusions[:MOST_CONFUSIONS]
    given, suggested = ([plain(label, _LABEL) for label in labels] for labels in _columns(shown))
    middle = _MARGIN + widest(["given", *given])
    left, step = middle + 18 + widest(["suggested", *suggested]) + 10, 23.0
    canvas = Canvas(max(WIDTH, left + 120), step * len(shown) + 22)
    full = canvas.width - left - text_width(count(shown[0].rows)) - 3 * _MARGIN if shown else 0.0
    canvas.text(middle, 8, "given", align="right", size=SMALL, colour="muted")
    canvas.text(middle + 18, 8, "suggested", size=SMALL, colour="muted")
    for index, confusion in enumerate(shown):
        y = 18 + index * step + step / 2
        canvas.text(middle, y, given[index], align="right")
        canvas.text(middle + 9, y, "→", align="center", colour="muted")
        canvas.text(middle + 18, y, suggested[index], bold=True)
        length = full * confusion.rows / shown[0].rows
        canvas.block(left, y - 6.5, length, 13, "differ")
        canvas.text(left + length + 5, y, count(confusion.rows))
    return canvas.figure


def _columns(confusions: Sequence[Confusion]) -> tuple[list[str], list[str]]:
    return [confusion.given for confusion in confusions], [confusion.suggested for confusion in confusions]


def draw_losses(spreads: Sequence[LossSpread], num_classes: int) -> Figure:
    """Draw a box of the loss in each class, in the given order."""
    shown = spreads[:MOST_CLASSES]
    labels, step, top = [plain(spread.label, _LABEL) for spread in shown], 21.0, 20.0
    left, bottom = widest(labels) + 3 * _MARGIN, top + step * len(shown)
    canvas = Canvas(WIDTH, bottom + 30)
    guess = math.log(num_classes)
    scale = Scale(max([guess, *(spread.quantiles[4] for spread in shown)]), left, WIDTH - 14)
    scale.draw(canvas, top - 4, bottom, [f"{tick:g}" for tick in scale.ticks])
    canvas.text((left + WIDTH - 14) / 2, bottom + 20, "loss of the given label, nats", align="center", size=SMALL)
    canvas.line((scale(guess),) * 2, (top - 4, bottom), "muted", dashed=True, width=1)
    note = f"a blind guess: {guess:.2f}"
    centre = min(max(scale(guess), left + text_width(note, SMALL) / 2), WIDTH - text_width(note, SMALL) / 2)
    canvas.text(centre, 8, note, align="center", size=SMALL, colour="muted")
    for index, spread in enumerate(shown):
        y = top + index * step + step / 2
        low, q1, median, q3, high = (scale(value) for value in spread.quantiles)
        canvas.text(left - 8, y, labels[index], align="right")
        for end, box in ((low, q1), (high, q3)):
            canvas.line((end, box), (y, y), "muted", width=1.1)
            canvas.line((end, end), (y - 3, y + 3), "muted", width=1.1)
        canvas.block(q1, y - 6.5, max(q3 - q1, 0.8), 13, "agree", alpha=0.75)
        canvas.line((median, median), (y - 6.5, y + 6.5), "ink", width=2)
    return canvas.figure


def draw_health(classes: Sequence[ClassHealth]) -> Figure:
    """Draw two marks per judged class, in the given order: shares of rows flagged, and not recognised."""
    shown = [item for item in classes if item.judged][:MOST_CLASSES]
    labels, step, top = [plain(item.label, _LABEL) for item in shown], 21.0, 20.0
    left, bottom = widest(labels) + 3 * _MARGIN, top + step * len(shown)
    canvas = Canvas(WIDTH, bottom + 30)
    shares = [(item.flagged or 0.0, 1 - (item.recall or 0.0)) for item in shown]
    scale = Scale(max((value for pair in shares for value in pair), default=0.0), left + 8, WIDTH - 18)
    scale.draw(canvas, top - 4, bottom, [f"{100 * tick:g}{NARROW_SPACE}%" for tick in scale.ticks])
    x = left + 8
    for shape, colour, filled, name in [("o", "differ", True, "flagged"), ("D", "agree", False, "not recognised")]:
        canvas.mark(x, 8, shape, colour, filled=filled)
        canvas.text(x + 8, 8, name, size=SMALL)
        x += text_width(name, SMALL) + 26
    canvas.text((left + WIDTH) / 2, bottom + 20, "share of the judged rows", align="center", size=SMALL)
    for index, (flagged, missed) in enumerate(shares):
        y = top + index * step + step / 2
        canvas.text(left - 8, y, labels[index], align="right")
        canvas.line((scale(flagged), scale(missed)), (y, y), "muted", width=1.1)
        canvas.mark(scale(missed), y, "D", "agree", filled=False)
        canvas.mark(scale(flagged), y, "o", "differ", filled=True)
    return canvas.figure


def panel_classes(classes: Sequence[ClassHealth], points: Map) -> list[int]:
    """Return the codes of classes with a panel on the map: those with most issues, then most rows."""
    on_map = np.bincount(points.labels, minlength=len(classes))
    codes = [code for code in range(len(classes)) if on_map[code]]
    codes.sort(key=lambda code: (-classes[code].issues, -classes[code].rows))
    return sorted(codes[:MOST_PANELS])


def draw_panel(points: Map, code: int) -> Figure:
    """Draw the density of one class on the map."""
    figure = Figure(figsize=(2.3, 2.3))
    _density(figure.add_axes((0, 0, 1, 1)), points, code)
    return figure


def draw_map(points: Map, codes: Sequence[int], label_names: Sequence[str]) -> Figure:
    """Draw the density of several classes side by side on common axes."""
    columns = min(3, len(codes))
    lines = -(-len(codes) // columns)
    figure = Figure(figsize=(2.3 * columns, 2.5 * lines), layout="constrained")
    for axes, code in zip(figure.subplots(lines, columns, squeeze=False).flat, codes, strict=False):
        _density(axes, points, code)
        axes.set_title(f"{plain(label_names[code], _LABEL)} ({count(int((points.labels == code).sum()))})")
    for axes in figure.axes[len(codes) :]:
        axes.axis("off")
    return figure


def _density(axes: Axes, points: Map, code: int) -> None:
    """Draw one class in blue, stronger where denser, over all rows in grey."""
    low, high = _frame(points.points)
    extent = (float(low[0]), float(high[0]), float(low[1]), float(high[1]))
    inside = ((points.points >= low) & (points.points <= high)).all(axis=1)
    grid = int(np.clip(0.6 * np.sqrt(len(points.points)), *_GRID))
    look: dict[str, Any] = {"gridsize": grid, "extent": extent, "mincnt": 1, "linewidths": 0}
    everything = axes.hexbin(*points.points[inside].T, **look)
    everything.set_array(None)
    everything.set_facecolor(LIGHT["faint"])
    mine = axes.hexbin(*points.points[inside & (points.labels == code)].T, **look)
    counts = np.asarray(mine.get_array())
    mine.set_array(None)
    # Eight levels suffice; the root makes sparse areas visible beside a dense core.
    strength = np.ceil(8 * np.sqrt(counts / counts.max(initial=1))) / 8
    mine.set_facecolor([(LIGHT["accent"], 0.1 + 0.9 * value) for value in strength])
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xticks=(), yticks=(), aspect="auto")
    for spine in axes.spines.values():
        spine.set_visible(False)


def _frame(points: Float32) -> tuple[Float32, Float32]:
    """Return corners that omit the outermost points at each side, so that a few far rows do not squeeze the rest."""
    low, high = np.percentile(points, [100 * LEFT_OUT, 100 - 100 * LEFT_OUT], axis=0).astype(np.float32)
    room = np.maximum(0.04 * (high - low), np.float32(1e-3))
    return low - room, high + room
