"""Page: render a summary and its pictures as one self-contained HTML file."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from auditor.config import AuditConfig, is_address, short_name
from auditor.modelspecs import MODELS, earlier_epochs, neighbours_by
from auditor.recognition import in_words
from auditor.report import display, words
from auditor.report.draw import figures
from auditor.report.draw.gains import METRICS
from auditor.report.draw.pictures import Pictures
from auditor.report.draw.theme import DARK, LIGHT
from auditor.report.load.summary import SECONDS_A_ROW, Summary
from auditor.review.feed import sentences
from auditor.run.artifacts import BASELINE, CONSENSUS
from auditor.wording import NARROW_SPACE, duration, inside, shorten

ABOUT: dict[str, str] = {
    BASELINE: "the most frequent class",
    **{spec.name: spec.about for spec in MODELS.values()},
    CONSENSUS: "all models and the nearest texts' labels combined, each weighted by trust",
}
"""Short description of each model."""
EXPERTS: dict[str, str] = {
    **{
        earlier_epochs(spec.name): "the same before its last epoch, when it had memorised less"
        for spec in MODELS.values()
        if spec.keeps_dynamics
    },
    "neighbours": "the labels of the nearest texts, by the frozen encoder",
    **{
        neighbours_by(spec): f"the labels of the nearest texts, by the {spec.adjective} model"
        for spec in MODELS.values()
        if spec.gives_vectors
    },
}
"""Descriptions of the consensus' experts that are not models."""
FORMER_CONSENSUS = "the mean of the models' log-probabilities"
"""Description of the consensus in runs without trust weights."""
MOST_RATERS = 50
"""Maximum number of raters in the table."""
MOST_DEFINITIONS = 5
"""Number of pairs of classes shown at first."""


def render_page(summary: Summary, pictures: Pictures) -> str:
    """Render the template. Every string from the data is escaped."""
    environment = Environment(
        loader=PackageLoader("auditor.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        visible=display.visible,
        shorten=shorten,
        plain=display.plain,
        count=display.count,
        share=display.share,
        points=display.points,
        duration=duration,
        memory=display.memory,
        inside=inside,
    )
    return environment.get_template("report.html.j2").render(
        s=summary,
        p=pictures,
        about=_about(summary.config) | ({} if summary.trust else {"consensus": FORMER_CONSENSUS}),
        words=words,
        sentences=sentences,
        experts=EXPERTS,
        most_definitions=MOST_DEFINITIONS,
        light=LIGHT,
        dark=DARK,
        narrow=NARROW_SPACE,
        nothing=display.NOTHING,
        most_classes=figures.MOST_CLASSES,
        most_raters=MOST_RATERS,
        left_out=figures.LEFT_OUT,
        seconds_a_row=SECONDS_A_ROW,
        in_words=in_words,
        metrics={field: name[0].upper() + name[1:] for field, name in METRICS.items()},
    )


def _about(config: AuditConfig) -> dict[str, str]:
    """Return descriptions of a run's models, custom ones by address."""
    own = {short_name(model): f"a custom classifier, {model}" for model in config.models if is_address(model)}
    return {**ABOUT, **own, **dict.fromkeys(config.probabilities, "probabilities made elsewhere")}
