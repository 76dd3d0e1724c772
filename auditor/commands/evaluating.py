"""The command that measures what corrections gain."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from auditor.api import Audit
from auditor.commands.correcting import make_policy
from auditor.commands.options import (
    ADD_CLASSES,
    DB,
    DEVICE,
    JSON,
    LEAVE_OUT,
    LEAVES_OUT,
    POLICY,
    QUIET,
    RESUME,
    REVIEWER,
    RUN,
    TIES,
    VERBOSE,
    WRONG_AT_MOST,
    listener,
    model_names,
    stoppable,
)
from auditor.config import TRAININGS
from auditor.console import print_json, say, stdout
from auditor.errors import ConfigError
from auditor.modelspecs import LOADABLE, specs_of
from auditor.run.artifacts import REPORT, model_file
from auditor.vocabulary import MODEL_NAMES
from auditor.wording import counted, listed

if TYPE_CHECKING:
    from auditor.evaluation.comparison.compare import Comparison, Estimate
    from auditor.evaluation.comparison.results import Retraining

_MEASURES = {"accuracy": "accuracy", "weighted_f1": "weighted F1", "macro_f1": "macro F1"}


def retrain(
    run: Annotated[str, RUN],
    models: Annotated[
        str | None,
        typer.Option(help=f"Models to train, separated by commas: {listed(MODEL_NAMES)}. Default: those of the audit."),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(
            help="Number of trainings of each model on each version of the labels, with different seeds.",
            min=1,
            max=100,
        ),
    ] = TRAININGS,
    leave_out: Annotated[str, LEAVE_OUT] = LEAVES_OUT,
    ties: Annotated[str, TIES] = POLICY.ties,
    unreviewed: Annotated[
        str,
        typer.Option(
            help="Treatment of rows that nobody has judged: keep, drop, suggest-above=0.99, or suggest with"
            " --wrong-at-most."
        ),
    ] = POLICY.unreviewed,
    wrong_at_most: Annotated[str | None, WRONG_AT_MOST] = None,
    add_classes: Annotated[bool, ADD_CLASSES] = False,
    reviewer: Annotated[list[str] | None, REVIEWER] = None,
    push: Annotated[
        str | None,
        typer.Option(metavar="REPO", help="Push the fine-tuned model to this repository on the Hub (user/model)."),
    ] = None,
    private: Annotated[
        bool, typer.Option("--private/--public", help="Make a new repository private or public.")
    ] = True,
    device: Annotated[str | None, typer.Option(help=f"{DEVICE} Default: as in the audit.")] = None,
    db: Annotated[str | None, DB] = None,
    as_json: Annotated[bool, JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
    verbose: Annotated[bool, VERBOSE] = False,
) -> None:
    """Train on the original and on the corrected labels, and compare both on both versions of the test rows.

    The models trained on the corrected labels are saved in the run, and the comparison is added to its report. To
    continue an interrupted retraining, run the same command again.

    Example: auditor retrain tweets
    """
    names, terminal = model_names(models) if models is not None else (), listener(quiet, verbose)
    policy = make_policy(leave_out, unreviewed, None, add_classes, "", False, reviewer or (), ties, wrong_at_most)
    audit = Audit(run)
    if push and not any(spec.saved_as == "transformers" for spec in specs_of(names or audit.run.config.models)):
        raise ConfigError(
            "--push publishes the fine-tuned model, which --models does not include.", f"Add {LOADABLE} to --models."
        )
    with stoppable(RESUME):
        found = audit.retrain(
            names,
            policy,
            seeds=seeds,
            device=device,
            db=db,
            listener=terminal,
        )
        if not as_json:
            _print(found, audit.directory)
        pushed = audit.push_model(push, private=private, listener=terminal) if push else None
    if as_json:
        _print_json(found, audit.directory, pushed)
    elif pushed:
        say(f"Pushed: {pushed}")


def _print_json(found: Retraining, directory: Path, pushed: str | None) -> None:
    about = {
        "run": str(directory),
        "report": str(directory / REPORT),
        "saved": {model.name: str(directory / model_file(model.name)) for model in found.models},
        "pushed": pushed,
    }
    print_json({**about, **found.model_dump(mode="json")})


def _print(found: Retraining, directory: Path) -> None:
    from auditor.evaluation.comparison.caveats import caveats

    out, setting = stdout(), found.setting
    train, test = setting.train, setting.test
    say(
        f"Trained on {train.rows:,} rows ({train.changed:,} corrected, {train.excluded:,} left out), tested on "
        f"{test.rows:,} ({test.changed:,} corrected, {test.excluded:,} left out): {setting.split}."
    )
    for model in found.models:
        out.print()
        out.print(_table(model.name, model.comparison))
        if model.random:
            out.print()
            out.print(_table(f"{model.name}, on {counted(model.random.rows, 'row')} of a random sample", model.random))
        if model.whole:
            say(model.whole.sentence)
    out.print()
    for sentence in caveats(found, quote(str(directory))):
        say(sentence)
    for model in found.models:
        where = directory / model_file(model.name)
        say(f"Saved:  {model.name}, trained on the corrected labels: {where}")
    say(f"Report: {directory / REPORT}")


def _table(title: str, comparison: Comparison) -> Table:
    """Return a table with the 2 × 2 cells of each metric, and their differences."""
    trained, tested = comparison.trained_on, comparison.tested_on
    table = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("trained on")
    for name in (*(f"tested on {name}" for name in tested), "difference"):
        table.add_column(name, justify="right", min_width=len("-10.0 [-10.0, -10.0]"))
    for field, name in _MEASURES.items():
        table.add_row(name, style="bold")
        for version in trained:
            cells = (getattr(comparison.cell(version, name), field) for name in tested)
            shift = getattr(comparison.shift(version, *tested), field)
            table.add_row(version, *(f"{100 * cell.value:.1f} %" for cell in cells), _points(shift))
        gains = (getattr(comparison.gain(trained[0], trained[1], name), field) for name in tested)
        table.add_row("difference", *map(_points, gains), end_section=True)
    return table


def _points(gain: Estimate) -> str:
    """Format percentage points with the 95 % interval."""
    return f"{100 * gain.value:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"
