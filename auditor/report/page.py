"""The page: a summary and its pictures in, one self-contained HTML file out."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from auditor.config import AuditConfig, is_address, short_name
from auditor.recognition import in_words
from auditor.report import display, words
from auditor.report.draw import figures
from auditor.report.draw.gains import METRICS
from auditor.report.draw.pictures import Pictures
from auditor.report.draw.theme import DARK, LIGHT
from auditor.report.load.summary import SECONDS_A_ROW, Summary
from auditor.wording import inside

ABOUT = {
    "dummy": "the most frequent class",
    "features": "logistic regression on the encoder's vectors",
    "lexical": "logistic regression on TF-IDF words",
    "finetuned": "the whole transformer trained",
    "consensus": "all models and the nearest texts' labels together, each as far as it is trusted",
}
"""What each model is, in a few words."""
EXPERTS = {
    "finetuned, earlier epochs": "the same before its last epoch, when less was learnt by heart",
    "neighbours": "the labels of the nearest texts, by the frozen encoder",
    "neighbours by the fine-tuned model": "the labels of the nearest texts, by the fine-tuned model",
}
"""What the experts of the consensus are that are no models."""
FORMER_CONSENSUS = "the mean of the models' log-probabilities"
"""The consensus of a run that does not tell how far it trusts each model."""
MOST_RATERS = 50
"""Raters in the table."""
MOST_DEFINITIONS = 5
"""Pairs of classes that are shown at once."""


def render_page(summary: Summary, pictures: Pictures) -> str:
    """Fill the template; every string of the data is escaped."""
    environment = Environment(
        loader=PackageLoader("auditor.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        visible=display.visible,
        shorten=display.shorten,
        plain=display.plain,
        count=display.count,
        share=display.share,
        points=display.points,
        duration=display.duration,
        memory=display.memory,
        inside=inside,
    )
    return environment.get_template("report.html.j2").render(
        s=summary,
        p=pictures,
        about=_about(summary.config) | ({} if summary.trust else {"consensus": FORMER_CONSENSUS}),
        words=words,
        experts=EXPERTS,
        most_definitions=MOST_DEFINITIONS,
        light=LIGHT,
        dark=DARK,
        narrow=display.NARROW_SPACE,
        most_classes=figures.MOST_CLASSES,
        most_raters=MOST_RATERS,
        left_out=figures.LEFT_OUT,
        seconds_a_row=SECONDS_A_ROW,
        in_words=in_words,
        metrics={field: name[0].upper() + name[1:] for field, name in METRICS.items()},
    )


def _about(config: AuditConfig) -> dict[str, str]:
    """What each model of a run is; the user's own by their addresses."""
    own = {short_name(model): f"a classifier of one's own, {model}" for model in config.models if is_address(model)}
    return {**ABOUT, **own, **dict.fromkeys(config.probabilities, "probabilities that were made elsewhere")}
