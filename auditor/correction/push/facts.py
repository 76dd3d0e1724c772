"""Facts: what a card tells of an audit and of its corrections, counted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import numpy as np

from auditor.config import AuditConfig, is_address, short_name
from auditor.correction.decide.corrections import Corrections
from auditor.correction.decide.policy import Policy
from auditor.correction.decide.summary import Summary, summarise
from auditor.correction.push.markdown import code
from auditor.data.source import counted
from auditor.run import Run

_DONE = {
    "relabel": "the new label",
    "keep": "the given label was confirmed",
    "exclude": "no usable row",
    "none_fits": "no class fits",
    "ambiguous": "several labels fit",
    "unsure": "the reviewer could not tell",
    "tie": "the reviewers disagree",
}
"""What each verdict says of a row."""
_IN_MEMORY = {"frame": "a pandas frame", "dataset": "a dataset in memory"}


@dataclass(frozen=True)
class HubSource:
    """The dataset on the Hub that was audited, exactly."""

    name: str
    config: str | None
    commit: str | None


@dataclass(frozen=True)
class VerdictRows:
    """How many rows have a verdict, what it says, and what became of them."""

    verdict: str
    rows: int
    meaning: str
    fate: str


@dataclass(frozen=True)
class SplitRows:
    """Counts of one split."""

    split: str
    rows: int
    changed: int
    left_out: int


@dataclass(frozen=True)
class Facts:
    """What there is to tell.

    Attributes
    ----------
    source : str
        What was audited, in Markdown.
    hub : HubSource or None
    summary : Summary
    policy : Policy
    chosen_view : bool
        Whether rows were chosen beside the policy.
    verdicts, splits : tuple
        One entry each.
    classes : tuple of (str, int, int)
        Label, rows before, rows after (rows left out not counted); most rows first.
    by_several : int
        Rows that two people or more have judged.
    models : dict of str to str
        Model → what it is, in Markdown.
    version, date : str
        Of auditor, and of the audit.
    accuracy : float or None
        Share of the given labels that the models together predict, out of fold.
    reading : dict
        How the dataset was read, where that is no default: see :meth:`auditor.config.ReadConfig.reading`.
    """

    source: str
    hub: HubSource | None
    summary: Summary
    policy: Policy
    chosen_view: bool
    verdicts: tuple[VerdictRows, ...]
    splits: tuple[SplitRows, ...]
    classes: tuple[tuple[str, int, int], ...]
    by_several: int
    models: Mapping[str, str]
    version: str
    date: str
    accuracy: float | None
    reading: Mapping[str, Any] = field(default_factory=dict)


def gather(run: Run, corrections: Corrections) -> Facts:
    """Gather the facts of a finished run and its corrections."""
    manifest, origin, summary = run.manifest, corrections.texts.origin, summarise(corrections)
    config = AuditConfig.of(manifest)
    scores = json.loads(run.open("scores.json").read_text("utf-8"))
    options = origin.options
    hub = HubSource(origin.source, options.get("config"), options.get("commit")) if origin.format == "hub" else None
    return Facts(
        source=_IN_MEMORY.get(origin.format) or code(origin.source, 120),
        hub=hub,
        summary=summary,
        policy=corrections.policy,
        chosen_view=corrections.partial,
        verdicts=_verdicts(summary, corrections.policy),
        splits=_splits(corrections),
        classes=_classes(corrections),
        by_several=sum(len(outcome.votes) > 1 for outcome in corrections.outcomes.by_row.values()),
        models={name: _about(name, config) for name in config.pooled},
        version=str(manifest.get("versions", {}).get("label-auditor", "")),
        date=str(manifest["created"])[:10],
        accuracy=scores.get("consensus", {}).get("accuracy"),
        reading=config.read.reading(),
    )


def _verdicts(summary: Summary, policy: Policy) -> tuple[VerdictRows, ...]:
    return tuple(
        VerdictRows(verdict, rows, _DONE[verdict], _fate(verdict, policy)) for verdict, rows in summary.verdicts.items()
    )


def _fate(verdict: str, policy: Policy) -> str:
    if verdict == "none_fits" and policy.add_classes:
        return "the new class where one was proposed" + ("; else left out" if verdict in policy.leave_out else "")
    if verdict in policy.leave_out:
        return "left out"
    return "relabelled" if verdict == "relabel" else "unchanged"


def _splits(corrections: Corrections) -> tuple[SplitRows, ...]:
    splits = corrections.texts.splits
    names = dict.fromkeys(splits.tolist())
    of_split = {name: splits == name for name in names}
    return tuple(
        SplitRows(name, int(rows.sum()), int((rows & corrections.changed).sum()), int((rows & ~corrections.kept).sum()))
        for name, rows in of_split.items()
    )


def _classes(corrections: Corrections) -> tuple[tuple[str, int, int], ...]:
    names = corrections.label_names
    before = np.bincount(corrections.texts.labels, minlength=len(names))
    after = np.bincount(corrections.label[corrections.kept], minlength=len(names))
    counts = zip(names, before.tolist(), after.tolist(), strict=True)
    return tuple(sorted(counts, key=lambda each: -max(each[1:])))


def _about(model: str, config: AuditConfig) -> str:
    """What a model is, in Markdown; of one in a folder, the folder's own name alone."""
    epochs = counted(config.finetuned.epochs, "epoch")
    about = {
        "features": f"logistic regression on the vectors of {_name(config.encoder.name)}",
        "lexical": "logistic regression on TF-IDF words",
        "finetuned": f"{_name(config.finetuned.base_model)}, fine-tuned for {epochs}",
    }
    about |= {short_name(own): f"a classifier of one's own, `{own}`" for own in config.models if is_address(own)}
    return about.get(model, "probabilities that were made elsewhere")


def _name(model: str) -> str:
    is_hub_name = model.count("/") <= 1 and not model.startswith(("/", ".", "~")) and "\\" not in model
    return code(model if is_hub_name else PurePath(model.replace("\\", "/")).name)
