"""Chart of the gains from corrected labels: a difference and its interval for each model and metric."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from auditor.evaluation.comparison.compare import Estimate
from auditor.evaluation.comparison.results import CORRECTED, ORIGINAL, ModelResult
from auditor.report.draw.canvas import SMALL, Canvas, text_width, widest
from auditor.report.draw.figures import WIDTH

METRICS = {"accuracy": "accuracy", "weighted_f1": "weighted F1", "macro_f1": "macro F1"}
_LOOKS = {ORIGINAL: ("D", "differ", False), CORRECTED: ("o", "agree", True)}
_MARGIN, _STEP, _APART, _TOP = 4.0, 26.0, 20.0, 22.0


def gain(model: ModelResult, tested_on: str, metric: str) -> Estimate:
    """Gains of one model from training on the corrected instead of the original labels."""
    found: Estimate = getattr(model.comparison.gain(ORIGINAL, CORRECTED, tested_on), metric)
    return found


def draw_gains(models: Sequence[ModelResult]) -> Figure:
    """Draw two marks with intervals per metric and model: tested on original, and on corrected labels."""
    left = widest([*METRICS.values(), *(model.name for model in models)]) + 3 * _MARGIN
    bottom = _TOP + len(models) * (_APART + _STEP * len(METRICS))
    canvas = Canvas(WIDTH, bottom + 30)
    every = [gain(model, version, metric) for model in models for version in _LOOKS for metric in METRICS]
    ticks = MaxNLocator(nbins=5, steps=[1, 2, 5, 10]).tick_values(
        100 * min(0.0, *(estimate.low for estimate in every)), 100 * max(0.0, *(estimate.high for estimate in every))
    )
    low, per_unit = float(ticks[0]), (WIDTH - 16 - left) / float(ticks[-1] - ticks[0])

    def place(points: float) -> float:
        return left + (points - low) * per_unit

    _key(canvas, left)
    for tick in ticks:
        canvas.line((place(tick),) * 2, (_TOP, bottom), "muted" if tick == 0 else "line", width=0.8, behind=True)
        canvas.text(place(tick), bottom + SMALL, f"{tick:+g}" if tick else "0", align="center", size=SMALL)
    canvas.text((left + WIDTH) / 2, bottom + 20, "difference, percentage points", align="center", size=SMALL)
    y = _TOP
    for model in models:
        canvas.text(left - 8, y + _APART / 2, model.name, align="right", bold=True)
        y += _APART
        for metric, name in METRICS.items():
            canvas.text(left - 8, y + _STEP / 2 - 2, name, align="right", colour="muted")
            for shift, (version, (shape, colour, filled)) in zip((4.0, 14.0), _LOOKS.items(), strict=True):
                estimate = gain(model, version, metric)
                canvas.line(
                    (place(100 * estimate.low), place(100 * estimate.high)), (y + shift,) * 2, colour, width=1.4
                )
                canvas.mark(place(100 * estimate.value), y + shift, shape, colour, filled=filled)
            y += _STEP
    return canvas.figure


def _key(canvas: Canvas, x: float) -> None:
    for version, (shape, colour, filled) in _LOOKS.items():
        canvas.mark(x, 8, shape, colour, filled=filled)
        canvas.text(x + 8, 8, f"tested on {version}", size=SMALL)
        x += text_width(f"tested on {version}", SMALL) + 20
