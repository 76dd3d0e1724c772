"""Picture of one prediction: a bar per class, likeliest first."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from auditor.report.display import plain, share
from auditor.report.draw.canvas import SIZE, SMALL, Canvas, text_width, widest
from auditor.report.draw.theme import style
from auditor.wording import NARROW_SPACE

MOST_CLASSES = 50
"""Maximum number of bars. Less likely classes are combined."""
_WIDTH, _MARGIN, _STEP, _BAR = 380.0, 4.0, 20.0, 12.0
_LABEL = 22
_LINES, _LETTERS = 3, 58
_PIXELS_PER_INCH = 200


def draw_prediction(text: str, label_names: Sequence[str], probabilities: npt.NDArray[np.floating]) -> bytes:
    """Draw the probabilities of K classes for one text.

    Parameters
    ----------
    text : str
    label_names : sequence of K str
    probabilities : (K,) float

    Returns
    -------
    bytes
        A PNG file.
    """
    order = np.argsort(-probabilities, kind="stable")
    shown, rest = order[:MOST_CLASSES], order[MOST_CLASSES:]
    bars = [(plain(label_names[code], _LABEL), float(probabilities[code])) for code in shown]
    if len(rest):
        bars.append((f"{len(rest):,} others", float(probabilities[rest].sum())))
    lines = textwrap.wrap(plain(text, _LINES * _LETTERS), _LETTERS, max_lines=_LINES, placeholder=" …") or ["(blank)"]
    with style():
        canvas, png = _drawn(lines, bars), io.BytesIO()
        canvas.figure.savefig(
            png, format="png", dpi=_PIXELS_PER_INCH, bbox_inches="tight", pad_inches=0.15, metadata={"Software": None}
        )
    return png.getvalue()


def _drawn(lines: Sequence[str], bars: Sequence[tuple[str, float]]) -> Canvas:
    top = _MARGIN + len(lines) * (SIZE + 4) + 8
    left = widest([label for label, _ in bars]) + 3 * _MARGIN
    full = _WIDTH - left - text_width(f"100.0{NARROW_SPACE}%", SMALL) - 2 * _MARGIN
    canvas = Canvas(_WIDTH, top + _STEP * len(bars) + _MARGIN)
    for number, line in enumerate(lines):
        canvas.text(_MARGIN, _MARGIN + SIZE / 2 + number * (SIZE + 4), line)
    for number, (label, value) in enumerate(bars):
        y = top + number * _STEP + _STEP / 2
        canvas.text(left - 8, y, label, align="right", bold=number == 0)
        canvas.block(left, y - _BAR / 2, full, _BAR, "faint")
        canvas.block(left, y - _BAR / 2, full * value, _BAR, "agree", alpha=1.0 if number == 0 else 0.55)
        canvas.text(left + full + 6, y, share(value), size=SMALL)
    return canvas
