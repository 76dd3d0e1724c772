"""The commands that say what corrections were worth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from auditor.commands.correcting import make_policy
from auditor.commands.options import (
    ADD_CLASSES,
    DB,
    DEVICE,
    JSON,
    LEAVE_OUT,
    QUIET,
    REVIEWER,
    RUN,
    STOPPED,
    VERBOSE,
    listener,
    model_names,
)
from auditor.console import print_json, say, stdout
from auditor.errors import InputError
from auditor.run import find_run

if TYPE_CHECKING:
    from auditor.commands.progress import Terminal
    from auditor.evaluation.comparison.compare import Comparison, Estimate
    from auditor.evaluation.comparison.results import Retraining

_MEASURES = {"accuracy": "accuracy", "weighted_f1": "weighted F1", "macro_f1": "macro F1"}


def retrain(
    run: Annotated[str, RUN],
    models: Annotated[
        str | None,
        typer.Option(
            help="Models to train, separated by commas: features, lexical, finetuned. Default: those of the audit."
        ),
    ] = None,
    seeds: Annotated[
        int,
        typer.Option(
            help="Number of times each model is trained on each version of the labels, with different seeds.",
            min=1,
            max=100,
        ),
    ] = 3,
    leave_out: Annotated[str, LEAVE_OUT] = "exclude,none_fits",
    unreviewed: Annotated[
        str, typer.Option(help="What to do with rows that nobody has judged: keep, drop, or suggest-above=0.99.")
    ] = "keep",
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

    The models trained on the corrected labels are saved in the run, and the comparison is added to its report. A
    retraining that was interrupted continues when the same command is given again.

    Example: auditor retrain tweets
    """
    names, telling = model_names(models) if models is not None else (), listener(quiet, verbose)
    policy = make_policy(leave_out, unreviewed, None, add_classes, "", False, reviewer or ())
    opened = find_run(run)
    if push and "finetuned" not in (names or opened.manifest["config"]["models"]):
        raise InputError("--push publishes the fine-tuned model, which is not among --models.", "Add finetuned to it.")
    from auditor import actions

    try:
        found = actions.retrain(
            opened,
            names,
            seeds=seeds,
            policy=policy,
            device=device,
            db=db,
            listener=telling,
        )
        if not as_json:
            _print(found, opened.directory)
        pushed = _push(opened.directory / "model" / "finetuned", push, private, telling) if push else None
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command goes on from here.", err=True)
        raise typer.Exit(STOPPED) from None
    if as_json:
        _print_json(found, opened.directory, pushed)
    elif pushed:
        say(f"Pushed: {pushed}")


def _push(folder: Path, repo: str, private: bool, telling: Terminal) -> str:
    from auditor.evaluation.saved.publish import push_model

    return push_model(folder, repo, private=private, listener=telling)


def _print_json(found: Retraining, directory: Path, pushed: str | None) -> None:
    about = {
        "run": str(directory),
        "report": str(directory / "report.html"),
        "saved": {model.name: str(directory / "model" / model.name) for model in found.models},
        "pushed": pushed,
    }
    print_json({**about, **found.model_dump(mode="json")})


def _print(found: Retraining, directory: Path) -> None:
    from auditor.evaluation.comparison.telling import caveats

    out, setting = stdout(), found.setting
    train, test = setting.train, setting.test
    say(
        f"Trained on {train.rows:,} rows ({train.changed:,} corrected, {train.excluded:,} excluded), tested on "
        f"{test.rows:,} ({test.changed:,} corrected, {test.excluded:,} excluded): {setting.split}."
    )
    for model in found.models:
        out.print()
        out.print(_table(model.name, model.comparison))
        if model.random:
            out.print()
            out.print(_table(f"{model.name}, on {model.random.rows:,} rows of a random sample", model.random))
    out.print()
    for sentence in caveats(found):
        say(sentence)
    for model in found.models:
        where = directory / "model" / model.name
        say(f"Saved:  {model.name}, trained on the corrected labels: {where}")
    say(f"Report: {directory / 'report.html'}")


def _table(title: str, comparison: Comparison) -> Table:
    """For each metric, the 2 × 2 cells, and the differences beside and below them."""
    trained, tested = comparison.trained_on, comparison.tested_on
    table = Table(title=title, title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("trained on")
    for name in (*(f"tested on {name}" for name in tested), "difference"):
        table.add_column(name, justify="right", min_width=len("-10.0 [-10.0, -10.0]"))
    for field, called in _MEASURES.items():
        table.add_row(called, style="bold")
        for version in trained:
            cells = (getattr(comparison.cell(version, name), field) for name in tested)
            shift = getattr(comparison.shift(version, *tested), field)
            table.add_row(version, *(f"{100 * cell.value:.1f} %" for cell in cells), _points(shift))
        gains = (getattr(comparison.gain(trained[0], trained[1], name), field) for name in tested)
        table.add_row("difference", *map(_points, gains), end_section=True)
    return table


def _points(gain: Estimate) -> str:
    """Percentage points, and the 95 % interval."""
    return f"{100 * gain.value:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]"
