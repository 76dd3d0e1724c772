"""The command line: one command a verb. It parses, calls and prints; what is done is done elsewhere."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from auditor.commands import correcting, evaluating, patching, predicting, pushing, reviewing
from auditor.commands.listing import print_ranking
from auditor.commands.options import (
    DB,
    JSON,
    KIND,
    PROBABILITIES,
    QUIET,
    RUN,
    SIGNAL,
    STOPPED,
    TIER,
    VERBOSE,
    audit_models,
    listener,
    see_here,
)
from auditor.config import DEFAULT_ENCODER, AuditConfig, EncoderConfig, FinetunedConfig, ReadConfig
from auditor.console import Terminal, plain
from auditor.errors import AuditorError, OwnCodeError
from auditor.review.filter import Kind, Tier

app = typer.Typer(
    name="auditor",
    help="Find the wrong labels of a text dataset, judge them, and get a corrected dataset back.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


class Pooling(StrEnum):
    """How token vectors become one vector of the text."""

    mean = "mean"
    cls = "cls"


@app.command()
def run(
    sources: Annotated[
        list[str],
        typer.Argument(metavar="SOURCE...", help="Files, a save_to_disk folder, or the name of a Hub dataset."),
    ],
    text: Annotated[str | None, typer.Option(help="Column of the texts; guessed when not given.")] = None,
    label: Annotated[str | None, typer.Option(help="Column of the labels; guessed when not given.")] = None,
    id: Annotated[str | None, typer.Option(help="Column of unique ids; made when not given.")] = None,
    annotator: Annotated[str | None, typer.Option(help="Column of the raters: each row is one vote.")] = None,
    votes: Annotated[str | None, typer.Option(help="Column of all votes on a text, such as joy|love|joy.")] = None,
    delimiter: Annotated[str | None, typer.Option(help="Of CSV-like files; found when not given.")] = None,
    encoding: Annotated[str, typer.Option(help="Of the files.")] = "utf-8",
    drop_invalid: Annotated[bool, typer.Option(help="Set rows without text or label aside and go on.")] = False,
    config: Annotated[str | None, typer.Option(help="Configuration of a Hub dataset.")] = None,
    split: Annotated[list[str] | None, typer.Option(help="Splits to read, of several; all by default.")] = None,
    revision: Annotated[str | None, typer.Option(help="Revision of a Hub dataset.")] = None,
    models: Annotated[
        str, typer.Option(help="Of: features, lexical, finetuned, module:Name of your own; none with --probabilities.")
    ] = "features,lexical,finetuned",
    probabilities: Annotated[list[Path] | None, PROBABILITIES] = None,
    signals: Annotated[list[str] | None, SIGNAL] = None,
    train_on: Annotated[list[str] | None, typer.Option(help="Train on these splits (with --audit).")] = None,
    audit: Annotated[list[str] | None, typer.Option(help="Audit these splits (with --train-on).")] = None,
    encoder: Annotated[str, typer.Option(help="Frozen encoder: a name or a folder.")] = DEFAULT_ENCODER,
    base_model: Annotated[str, typer.Option(help="Model to fine-tune: a name or a folder.")] = DEFAULT_ENCODER,
    pooling: Annotated[Pooling, typer.Option(help="Of the encoder's token vectors.")] = Pooling.mean,
    folds: Annotated[int, typer.Option(help="Of the cross-validation.", min=2, max=100)] = 5,
    repeats: Annotated[
        int,
        typer.Option(help="How often each model is trained, on other folds; quick ones three times.", min=1, max=100),
    ] = 1,
    epochs: Annotated[int, typer.Option(help="Of the fine-tuning.", min=1)] = 3,
    max_length: Annotated[int, typer.Option(help="Tokens; longer texts are cut.", min=8)] = 128,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1)] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    out: Annotated[Path | None, typer.Option(help="Run directory; reports/runs/<name> by default.")] = None,
    fresh: Annotated[bool, typer.Option(help="Forget an earlier run there and start over.")] = False,
    as_json: Annotated[bool, JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
    verbose: Annotated[bool, VERBOSE] = False,
) -> None:
    """Audit the labels of a dataset: rank the suspects and write a report.

    The same command goes on where an interrupted one stopped.

    Example: auditor run tweets.csv --text text --label label
    """
    settings = AuditConfig(
        read=ReadConfig(
            text=text,
            label=label,
            id=id,
            annotator=annotator,
            votes=votes,
            delimiter=delimiter,
            encoding=encoding,
            drop_invalid=drop_invalid,
            config=config,
            split=tuple(split or ()),
            revision=revision,
        ),
        models=audit_models(models),
        signals=tuple(signals or ()),
        folds=folds,
        repeats=repeats,
        train_on=tuple(train_on or ()),
        audit=tuple(audit or ()),
        seed=seed,
        device=device,
        encoder=EncoderConfig(name=encoder, pooling=pooling.value, max_length=max_length),
        finetuned=FinetunedConfig(base_model=base_model, epochs=epochs, max_length=max_length),
    )
    see_here((*settings.models, *settings.signals))
    source = sources[0] if len(sources) == 1 else sources
    result = _audited(source, settings, out, fresh, listener(quiet, verbose), probabilities)
    _print_summary(result, as_json)


@app.command()
def demo(
    out: Annotated[Path | None, typer.Option(help="Run directory; reports/runs/demo by default.")] = None,
    fresh: Annotated[bool, typer.Option(help="Forget an earlier demo and start over.")] = False,
    as_json: Annotated[bool, JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
    verbose: Annotated[bool, VERBOSE] = False,
) -> None:
    """Audit the bundled sample, whose planted errors are known, offline and with all three models.

    Example: auditor demo
    """
    from auditor.data import sample
    from auditor.run import DEFAULT_PLACE

    frame, planted = sample.load()
    settings = AuditConfig(read=ReadConfig(text="text", label="label", id="id"))
    where = out or DEFAULT_PLACE / "demo"
    result = _audited(frame, settings, where, fresh, listener(quiet, verbose))
    found = {first: int(result.issues["id"].head(first).isin(planted["id"]).sum()) for first in (50, 100)}
    _print_summary(result, as_json, planted=len(planted), planted_found={str(k): v for k, v in found.items()})
    if not as_json:
        _out().print(
            f"Of {len(planted)} planted wrong labels, {found[50]} stand in the first 50 "
            f"and {found[100]} in the first 100."
        )


@app.command()
def issues(
    run: Annotated[str, RUN],
    top: Annotated[int, typer.Option(help="How many, worst first.", min=1)] = 20,
    kind: Annotated[list[Kind] | None, KIND] = None,
    tier: Annotated[list[Tier] | None, TIER] = None,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Show the ranking of a run, worst first: what may be wrong with each row, how surely, and why.

    Example: auditor issues tweets --top 20 --tier high --kind mislabelled
    """
    audit = _open(run)
    frame = audit.issues
    for column, wanted in (("kind", kind), ("tier", tier)):
        frame = frame[frame[column].isin(wanted)] if wanted else frame
    frame = frame.head(top)
    if as_json:
        typer.echo(frame.to_json(orient="records", force_ascii=False, indent=1))
        return
    if frame.empty:
        typer.echo(
            "No row of this run fits."
            if audit.issues["kind"].notna().any()
            else "This run does not tell kinds and tiers: an earlier version made it. Make it again for them."
        )
        return
    print_ranking(frame, audit.run.manifest["config"], _out())


@app.command()
def report(run: Annotated[str, RUN], db: Annotated[str | None, DB] = None) -> None:
    """Make report.html of a run again, with what has been decided since.

    Example: auditor report tweets
    """
    typer.echo(_open(run).report(db))


app.command()(reviewing.review)
app.command()(correcting.export)
app.command()(patching.patch)
app.command()(patching.apply)
app.command()(evaluating.retrain)
app.command()(predicting.predict)
app.command()(pushing.push)
app.add_typer(reviewing.accounts)
app.add_typer(reviewing.decisions)


def main() -> None:
    """Entry point: errors become one line what, one line what to do, and an exit code."""
    error = Console(stderr=True, highlight=False)
    try:
        app()
    except AuditorError as failure:
        error.print(Text.assemble(("Error: ", "bold red"), plain(failure.what)), soft_wrap=True)
        error.print(plain("→ " + failure.todo), soft_wrap=True)
        if isinstance(failure, OwnCodeError) and logging.getLogger("auditor").isEnabledFor(logging.INFO):
            for line in "".join(traceback.format_exception(failure.__cause__)).splitlines():
                error.print(plain(line), soft_wrap=True)
        sys.exit(failure.exit_code)


def _audited(
    source: Any, settings: AuditConfig, out: Path | None, fresh: bool, telling: Terminal, probabilities: Any = None
) -> Any:
    try:
        with telling.task("Starting"):
            from auditor.pipeline import audit  # torch and its kin take seconds
        return audit(source, config=settings, probabilities=probabilities, out=out, fresh=fresh, listener=telling)
    except KeyboardInterrupt:
        typer.echo("Stopped. The same command, without --fresh, goes on from here.", err=True)
        raise typer.Exit(STOPPED) from None


def _out() -> Console:
    return Console(highlight=False)


def _open(name: str) -> Any:
    from auditor.result import Audit

    return Audit(name)


def _print_summary(result: Any, as_json: bool, **more: Any) -> None:
    health = result.health
    page = result.directory / "report.html"
    if as_json:
        about = {
            "run": str(result.directory),
            "rows": health["rows"],
            "judged": health["judged"],
            "issues": health["issues"],
            "estimated_noise": health["estimated_noise"],
            "caution": result.caution,
            "conflicting_duplicates": health["duplicates"]["conflicting_groups"],
            "confusions": health["confusions"][:10],
            "scores": {
                name: {key: scores[key] for key in ("accuracy", "weighted_f1")}
                for name, scores in result.scores.items()
            },
            "report": str(page),
            **more,
        }
        typer.echo(json.dumps(about, ensure_ascii=False, indent=1))
        return
    out = _out()
    share = health["issues"] / max(health["judged"], 1)
    out.print(f"{health['issues']:,} of {health['judged']:,} labels look wrong ({share:.1%}).")
    if apart := health["rows"] - health["judged"]:
        why = "their split is not audited, or their label has a single text"
        if result.run.manifest["config"]["probabilities"]:
            why = f"the probabilities that were given lack them, {why}"
        out.print(f"{apart:,} of {health['rows']:,} rows were not judged: {why}.", soft_wrap=True)
    if result.caution:
        out.print(result.caution, soft_wrap=True)
    if conflicts := health["duplicates"]["conflicting_groups"]:
        out.print(f"Texts that stand there more than once, with different labels: {conflicts:,}.", soft_wrap=True)
    worst = ", ".join(f"{c['given']} → {c['suggested']} {c['rows']}" for c in health["confusions"][:5])
    if worst:
        out.print(plain(f"Most of them: {worst}."), soft_wrap=True)
    out.print(Text(f"Ranking: auditor issues {result.directory}"), soft_wrap=True)
    out.print(Text(f"Report:  {page}"), soft_wrap=True)
