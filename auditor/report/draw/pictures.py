"""All pictures of the report for a run, with descriptions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from auditor.evaluation.comparison.results import CORRECTED
from auditor.report.display import count, plain, points, share
from auditor.report.draw import figures, matrices
from auditor.report.draw.gains import draw_gains, gain
from auditor.report.draw.theme import Picture, picture, style
from auditor.report.load.summary import ModelScore, Summary


@dataclass(frozen=True)
class Panel:
    """Map panel of one class."""

    label: str
    rows: int
    picture: Picture


@dataclass(frozen=True)
class Pictures:
    """Pictures of the page; None where there is nothing to draw.

    Attributes
    ----------
    confusion : tuple of (ModelScore, Picture)
        One confusion matrix a model that judged rows.
    panels : tuple of Panel
        Of the map; ``map`` shows the same in one picture.
    hidden_classes : int
        Classes that the matrices put together.
    """

    models: Picture | None
    confusions: Picture | None
    heatmap: Picture | None
    confusion: tuple[tuple[ModelScore, Picture], ...]
    losses: Picture | None
    health: Picture | None
    gains: Picture | None
    panels: tuple[Panel, ...]
    map: Picture | None
    hidden_classes: int

    @property
    def files(self) -> dict[str, bytes]:
        """PNG files by name."""
        single = [self.models, self.confusions, self.heatmap, self.losses, self.health, self.gains, self.map]
        drawn = [*single, *(drawing for _, drawing in self.confusion)]
        return {f"{drawing.name}.png": drawing.png for drawing in drawn if drawing is not None}


def draw_pictures(summary: Summary) -> Pictures:
    """Draw all pictures."""
    with style():
        return Pictures(
            models=_models(summary),
            confusions=_confusions(summary),
            heatmap=_heatmap(summary),
            confusion=tuple((model, _confusion(summary, model)) for model in summary.models if model.rows),
            losses=_losses(summary),
            health=_health(summary),
            gains=_gains(summary),
            panels=_panels(summary),
            map=_map(summary),
            hidden_classes=max(0, len(summary.label_names) - matrices.MOST_CLASSES),
        )


def _models(summary: Summary) -> Picture | None:
    if not any(model.rows for model in summary.models):
        return None
    scores = (
        f"{model.name}: accuracy {share(model.accuracy)}, weighted F1 {share(model.weighted_f1)}"
        for model in summary.models
    )
    return picture("models", figures.draw_models(summary.models), f"Bars. {'; '.join(scores)}.")


def _confusions(summary: Summary) -> Picture | None:
    if not summary.confusions:
        return None
    shown = (
        f"{plain(item.given, 40)} to {plain(item.suggested, 40)} {count(item.rows)}"
        for item in summary.confusions[: figures.MOST_CONFUSIONS]
    )
    alt = f"Bars: flagged rows by given and suggested label. {'; '.join(shown)}."
    return picture("confusions", figures.draw_confusions(summary.confusions), alt)


def _heatmap(summary: Summary) -> Picture | None:
    if not summary.confusions:
        return None
    code = {label: index for index, label in enumerate(summary.label_names)}
    counts = np.zeros((len(code), len(code)), dtype=np.int64)
    for item in summary.confusions:
        counts[code[item.given], code[item.suggested]] = item.rows
    drawing = matrices.draw_heatmap(matrices.cut_matrix(counts, summary.label_names))
    return picture(
        "heatmap", drawing, "Matrix of flagged rows: given label by suggested label, with the number of rows."
    )


def _confusion(summary: Summary, model: ModelScore) -> Picture:
    drawing = matrices.draw_confusion(matrices.cut_matrix(model.confusion, summary.label_names))
    alt = (
        f"Confusion matrix of {model.name}: given label by predicted label. "
        f"{share(model.accuracy)} of {count(model.rows)} rows are on the diagonal."
    )
    return picture(f"confusion_{model.name}", drawing, alt)


def _losses(summary: Summary) -> Picture | None:
    if not summary.losses:
        return None
    medians = (f"{plain(spread.label, 40)} {spread.quantiles[2]:.2f}" for spread in summary.losses)
    alt = f"Boxes: loss of the given label by class, in nats. Medians: {'; '.join(medians)}."
    return picture("loss_by_class", figures.draw_losses(summary.losses_by_median, len(summary.label_names)), alt)


def _health(summary: Summary) -> Picture | None:
    if not summary.judged:
        return None
    alt = "Shares of each class that are flagged, and not recognised; the table beside it has the numbers."
    return picture("health", figures.draw_health(summary.classes_by_flags), alt)


def _gains(summary: Summary) -> Picture | None:
    if not summary.correction or not summary.correction.gains:
        return None
    models = summary.correction.gains.found.models
    caption = (
        f"{model.name} {points(gain(model, CORRECTED, 'accuracy').value)} points of accuracy on corrected test rows"
        for model in models
    )
    alt = f"What training on the corrected labels changes, with intervals: {'; '.join(caption)}."
    return picture("gains", draw_gains(models), alt)


def _panels(summary: Summary) -> tuple[Panel, ...]:
    panels = []
    for code in figures.panel_classes(summary.classes, summary.map):
        label, rows = summary.label_names[code], int((summary.map.labels == code).sum())
        alt = f"Where the {count(rows)} rows of {plain(label, 40)} lie on the map."
        panels.append(Panel(label, rows, picture(f"map_{code}", figures.draw_panel(summary.map, code), alt)))
    return tuple(panels)


def _map(summary: Summary) -> Picture | None:
    codes = figures.panel_classes(summary.classes, summary.map)
    if not codes:
        return None
    drawing = figures.draw_map(summary.map, codes, summary.label_names)
    return picture("map", drawing, "Density of each class on the map.")
