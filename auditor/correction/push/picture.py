"""Picture for a card: bars of changed labels, given → new, and of the classes before and after."""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from typing import Any

from auditor.correction.push.markdown import one_line

Confusions = Sequence[tuple[str, str, int]]
ClassRows = Sequence[tuple[str, int, int]]

MOST_PAIRS = 12
MOST_CLASSES = 12
_INK, _MUTED, _LINE, _BEFORE, _AFTER = "#161a22", "#565e6d", "#d9dde5", "#9aa5b8", "#2457c5"
_STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "text.parse_math": False,
    "text.usetex": False,
    "text.color": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.bottom": False,
    "axes.edgecolor": _LINE,
    "ytick.color": _LINE,
    "ytick.labelcolor": _INK,
    "ytick.labelsize": 9,
    "xtick.labelsize": 8,
    "xtick.color": _LINE,
    "xtick.labelcolor": _MUTED,
}


def draw_changes(confusions: Confusions, classes: ClassRows) -> bytes:
    """Draw a PNG, with equal bytes for equal input.

    Parameters
    ----------
    confusions : sequence of (str, str, int)
        Given label, new label, rows; most frequent first. The first :data:`MOST_PAIRS` are drawn.
    classes : sequence of (str, int, int)
        Label, rows before, rows after; the first :data:`MOST_CLASSES` are drawn.
    """
    import matplotlib as mpl  # importing takes a second
    from matplotlib.figure import Figure

    pairs, classes = confusions[:MOST_PAIRS], classes[:MOST_CLASSES]
    file = io.BytesIO()
    with mpl.rc_context(_STYLE):
        height = 1.1 + 0.27 * max(len(pairs), 1.35 * len(classes), 4)
        figure = Figure(figsize=(10, height), layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.1, 1))
        _draw_pairs(left, pairs)
        _draw_classes(right, classes)
        figure.get_layout_engine().set(w_pad=0.15, h_pad=0.15, wspace=0.08)  # type: ignore[union-attr, call-arg]
        with warnings.catch_warnings():
            # Scripts that DejaVu Sans lacks become boxes. The card's table has the names.
            warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font", category=UserWarning)
            figure.savefig(file, format="png", dpi=160, facecolor="white", metadata={"Software": None})
    return file.getvalue()


def _draw_pairs(axes: Any, pairs: Confusions) -> None:
    axes.set_title("Changed labels: given → new", loc="left", fontsize=10, fontweight="bold", pad=12)
    axes.xaxis.set_visible(False)
    if not pairs:
        axes.axis("off")
        axes.text(0, 0.9, "No label was changed.", color=_MUTED, transform=axes.transAxes, va="top")
        return
    rows = [number for _, _, number in pairs]
    places = range(len(pairs))
    axes.barh(places, rows, height=0.66, color=_AFTER)
    axes.set_yticks(places, [f"{one_line(given, 18)} → {one_line(new, 18)}" for given, new, _ in pairs])
    axes.tick_params(length=0)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.14 * max(rows))
    for place, number in zip(places, rows, strict=True):
        axes.annotate(f"{number:,}", (number, place), xytext=(4, 0), textcoords="offset points", va="center", size=8)


def _draw_classes(axes: Any, classes: ClassRows) -> None:
    axes.set_title("Rows by label", loc="left", fontsize=10, fontweight="bold", pad=12)
    places = range(len(classes))
    before = [number for _, number, _ in classes]
    after = [number for _, _, number in classes]
    axes.barh([place - 0.19 for place in places], before, height=0.34, color=_BEFORE, label="before")
    axes.barh([place + 0.19 for place in places], after, height=0.34, color=_AFTER, label="after")
    axes.set_yticks(places, [one_line(name, 22) for name, _, _ in classes])
    axes.tick_params(length=0)
    axes.xaxis.set_visible(False)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.35 * max([*before, *after, 1]))
    for place, (_, old, new) in enumerate(classes):
        change = f"{old:,} → {new:,}" if old != new else f"{old:,}"
        axes.annotate(change, (max(old, new), place), xytext=(4, 0), textcoords="offset points", va="center", size=8)
    axes.legend(frameon=False, loc="lower right", fontsize=8, labelcolor=_MUTED)
