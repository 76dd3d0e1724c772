"""The commands that audit a dataset: your own or the bundled sample."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.commands.options import (
    ANNOTATOR,
    COLUMNS,
    CONFIG,
    DELIMITER,
    DEVICE,
    ENCODING,
    FROM,
    HEADER,
    ID,
    JSON,
    LABEL,
    MIRRORS,
    MISSING_LABELS,
    MODELS,
    PROBABILITIES,
    QUIET,
    QUOTING,
    READING,
    REVISION,
    SHEET,
    SIGNAL,
    SOURCES,
    SPLIT,
    TEXT,
    TRAINING,
    VERBOSE,
    VOTES,
    WHERE,
    Quoting,
    allow_local_imports,
    audit_models,
    listener,
    split_names,
    stoppable,
)
from auditor.commands.paths import check_files, check_sources
from auditor.config import DEFAULTS, AuditConfig, EncoderConfig, FinetunedConfig, ReadConfig
from auditor.console import print_json, say
from auditor.effort import Effort
from auditor.errors import ConfigError
from auditor.run import DEFAULT_PLACE
from auditor.validation import split_labels
from auditor.vocabulary import MODEL_NAMES
from auditor.wording import counted, listed

if TYPE_CHECKING:
    from auditor.commands.progress import Terminal
    from auditor.runner import Runner


class Pooling(StrEnum):
    """How to combine token vectors into one vector of the text."""

    mean = "mean"
    cls = "cls"


class RunnerName(StrEnum):
    """Where to encode the texts and to train the folds of the models."""

    local = "local"
    ray = "ray"


_POOLING, _QUOTING = Pooling(DEFAULTS.encoder.pooling), Quoting(DEFAULTS.read.quoting)
_THREADS = DEFAULTS.threads or 1
RUNNER = typer.Option(
    help="Where to do the long parts of the work: local (this machine) or ray (tasks of a Ray cluster; needs the extra"
    " ray). The results are the same.",
    rich_help_panel=WHERE,
)
JOBS = typer.Option(
    help="Maximum number of processes on this machine, each with a fold to train or a block of texts to hash. Default:"
    " as many as the cores and the free memory permit, and 1 on a GPU. Folds that train in seconds never take processes"
    " of their own. The results do not depend on it.",
    min=1,
    rich_help_panel=WHERE,
)
THREADS = typer.Option(
    help="Number of threads for each fine-tuning on a CPU. It changes the last bits of the results.",
    min=1,
    rich_help_panel=WHERE,
)
ADDRESS = typer.Option(
    help="Address of the Ray cluster. Default: RAY_ADDRESS, else the cluster on this machine, else a new one.",
    rich_help_panel=WHERE,
)
EXCHANGE = typer.Option(
    help="Address of a folder that all machines of the Ray cluster reach, such as s3://bucket/folder. Inputs and"
    " results travel through it. Default: the run directory, which the machines must share.",
    rich_help_panel=WHERE,
)


def run(
    sources: Annotated[list[str], SOURCES],
    text: Annotated[str | None, TEXT] = None,
    label: Annotated[str | None, LABEL] = None,
    id: Annotated[str | None, ID] = None,
    annotator: Annotated[str | None, ANNOTATOR] = None,
    votes: Annotated[str | None, VOTES] = None,
    tool: Annotated[str | None, FROM] = None,
    delimiter: Annotated[str | None, DELIMITER] = None,
    quoting: Annotated[Quoting, QUOTING] = _QUOTING,
    header: Annotated[bool, HEADER] = DEFAULTS.read.header,
    columns: Annotated[str, COLUMNS] = "",
    sheet: Annotated[str | None, SHEET] = None,
    encoding: Annotated[str, ENCODING] = DEFAULTS.read.encoding,
    drop_invalid: Annotated[
        bool,
        typer.Option(help="Set aside rows without a text or a label instead of stopping.", rich_help_panel=READING),
    ] = DEFAULTS.read.drop_invalid,
    missing_labels: Annotated[str, MISSING_LABELS] = "",
    mirrors: Annotated[bool, MIRRORS] = DEFAULTS.read.mirrors,
    config: Annotated[str | None, CONFIG] = None,
    split: Annotated[list[str] | None, SPLIT] = None,
    revision: Annotated[str | None, REVISION] = None,
    models: Annotated[
        str,
        typer.Option(
            help=f"Models to train, separated by commas: {listed(MODEL_NAMES)}, or module:Name of your own;"
            " none to use --probabilities alone.",
            rich_help_panel=MODELS,
        ),
    ] = ",".join(DEFAULTS.models),
    probabilities: Annotated[list[Path] | None, PROBABILITIES] = None,
    signals: Annotated[list[str] | None, SIGNAL] = None,
    train_on: Annotated[
        list[str] | None,
        typer.Option(
            help="Train on this split instead of cross-validating; may be repeated. Needs --audit.",
            rich_help_panel=TRAINING,
        ),
    ] = None,
    audit: Annotated[
        list[str] | None,
        typer.Option(help="Audit this split; may be repeated. Needs --train-on.", rich_help_panel=TRAINING),
    ] = None,
    encoder: Annotated[
        str,
        typer.Option(
            help="Encoder that turns texts into vectors: a name on the Hub or a folder.", rich_help_panel=MODELS
        ),
    ] = DEFAULTS.encoder.name,
    base_model: Annotated[
        str, typer.Option(help="Pretrained model to fine-tune: a name on the Hub or a folder.", rich_help_panel=MODELS)
    ] = DEFAULTS.finetuned.base_model,
    pooling: Annotated[
        Pooling,
        typer.Option(help="Vector of a text: mean of its tokens or [CLS] token.", rich_help_panel=MODELS),
    ] = _POOLING,
    effort: Annotated[
        Effort,
        typer.Option(
            help="How long to fine-tune: sets --folds and --epochs unless they are given too; quick also trains only"
            " the upper half of the layers.",
            rich_help_panel=TRAINING,
        ),
    ] = DEFAULTS.effort,
    folds: Annotated[
        int | None,
        typer.Option(
            help="Number of cross-validation folds. Default: 3, or 5 with --effort thorough.",
            min=2,
            max=100,
            rich_help_panel=TRAINING,
        ),
    ] = None,
    train_rows: Annotated[
        int | None,
        typer.Option(
            help="Train each model on at most this many rows. Default: all, or 50,000 of a dataset of more than"
            " 100,000 rows.",
            min=1,
            rich_help_panel=TRAINING,
        ),
    ] = None,
    repeats: Annotated[
        int,
        typer.Option(
            help="Number of cross-validations, on different folds. The quick models always run at least three.",
            min=1,
            max=100,
            rich_help_panel=TRAINING,
        ),
    ] = DEFAULTS.repeats,
    epochs: Annotated[
        int | None,
        typer.Option(
            help="Number of epochs to fine-tune for. Default: 2, or 3 with --effort thorough.",
            min=1,
            rich_help_panel=MODELS,
        ),
    ] = None,
    max_length: Annotated[
        int,
        typer.Option(
            help="Maximum number of tokens per text; longer texts are truncated.", min=8, rich_help_panel=MODELS
        ),
    ] = DEFAULTS.finetuned.max_length,
    seed: Annotated[
        int, typer.Option(help="Random seed.", min=0, max=2**31 - 1, rich_help_panel=TRAINING)
    ] = DEFAULTS.seed,
    device: Annotated[str, typer.Option(help=DEVICE, rich_help_panel=TRAINING)] = DEFAULTS.device,
    runner: Annotated[RunnerName, RUNNER] = RunnerName.local,
    jobs: Annotated[int | None, JOBS] = None,
    threads: Annotated[int, THREADS] = _THREADS,
    address: Annotated[str | None, ADDRESS] = None,
    exchange: Annotated[str | None, EXCHANGE] = None,
    out: Annotated[Path | None, typer.Option(help="Run directory. Default: reports/runs/<name of the source>.")] = None,
    fresh: Annotated[bool, typer.Option(help="Discard an earlier run in the run directory and start over.")] = False,
    as_json: Annotated[bool, JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
    verbose: Annotated[bool, VERBOSE] = False,
) -> None:
    """Audit the labels of a dataset: rank the rows whose labels look doubtful, and write a report.

    To continue an interrupted audit, run the same command again.

    Example: auditor run tweets.csv --text text --label label
    """
    check_sources(sources)
    check_files(probabilities or (), "file of probabilities")
    settings = AuditConfig(
        read=ReadConfig(
            text=text,
            label=label,
            id=id,
            annotator=annotator,
            votes=votes,
            tool=tool,
            delimiter=delimiter,
            quoting=quoting.value,
            header=header and not columns,
            columns=split_names(columns),
            sheet=sheet,
            encoding=encoding,
            drop_invalid=drop_invalid,
            missing_labels=split_labels(missing_labels),
            mirrors=mirrors,
            config=config,
            split=tuple(split or ()),
            revision=revision,
        ),
        models=audit_models(models),
        signals=tuple(signals or ()),
        effort=effort,
        train_rows=train_rows,
        repeats=repeats,
        train_on=tuple(train_on or ()),
        audit=tuple(audit or ()),
        seed=seed,
        device=device,
        threads=threads,
        encoder=EncoderConfig(name=encoder, pooling=pooling.value, max_length=max_length),
        finetuned=FinetunedConfig(base_model=base_model, max_length=max_length, **_given(epochs=epochs)),
        **_given(folds=folds),
    )
    allow_local_imports((*settings.models, *settings.signals))
    source = sources[0] if len(sources) == 1 else sources
    where = _runner(runner, jobs, address, exchange)
    result = _audited(source, settings, out, fresh, listener(quiet, verbose), probabilities, where)
    _print_summary(result, as_json)


def demo(
    out: Annotated[Path | None, typer.Option(help="Run directory. Default: reports/runs/demo.")] = None,
    fresh: Annotated[bool, typer.Option(help="Discard an earlier demo and start over.")] = False,
    as_json: Annotated[bool, JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
    verbose: Annotated[bool, VERBOSE] = False,
) -> None:
    """Audit the bundled sample, whose planted errors are known, offline and with all three models.

    Example: auditor demo
    """
    from auditor.data import sample

    frame, planted = sample.load()
    settings = AuditConfig(read=ReadConfig(text="text", label="label", id="id"))
    where = out or DEFAULT_PLACE / "demo"
    result = _audited(frame, settings, where, fresh, listener(quiet, verbose))
    found = {first: int(result.issues["id"].head(first).isin(planted["id"]).sum()) for first in (50, 100)}
    _print_summary(result, as_json, planted=len(planted), planted_found={str(k): v for k, v in found.items()})
    if not as_json:
        say(
            f"Of {len(planted)} planted errors, {found[50]} are among the first 50 rows"
            f" and {found[100]} among the first 100."
        )


def _given(**options: Any) -> dict[str, Any]:
    """Return the options that are set. The effort sets the others."""
    return {name: value for name, value in options.items() if value is not None}


def _runner(name: RunnerName, jobs: int | None, address: str | None, exchange: str | None) -> Runner:
    from auditor.runner import Local, Ray

    if name == RunnerName.ray:
        if jobs is not None:
            raise ConfigError(
                "--jobs was given with --runner ray, which starts as many as the cluster has room for.",
                "Leave out --jobs, or use --runner local.",
            )
        return Ray(address, exchange)
    for option, value in (("--address", address), ("--exchange", exchange)):
        if value is not None:
            raise ConfigError(f"{option} was given, but not --runner ray.", f"Add --runner ray, or leave out {option}.")
    return Local(jobs)


def _audited(
    source: Any,
    settings: AuditConfig,
    out: Path | None,
    fresh: bool,
    terminal: Terminal,
    probabilities: Any = None,
    runner: Runner | None = None,
) -> Any:
    from auditor.data import read
    from auditor.data.naming import name_of

    with stoppable("Run the same command again, without --fresh, to continue."):
        with terminal.task("Reading"):  # before torch is imported, so that a wrong column is reported at once
            texts = read(source, settings.read)
        with terminal.task("Starting"):
            from auditor.pipeline import audit
        return audit(
            texts,
            config=settings,
            probabilities=probabilities,
            out=out or DEFAULT_PLACE / name_of(source, texts),
            fresh=fresh,
            runner=runner,
            listener=terminal,
        )


def _print_summary(result: Any, as_json: bool, **more: Any) -> None:
    health = result.health
    page = result.run.page
    if as_json:
        about = {
            "run": str(result.directory),
            "rows": health["rows"],
            "judged": health["judged"],
            "issues": health["issues"],
            "unrecognised": [finding.label for finding in result.unrecognised],
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
        print_json(about)
        return
    if result.caution:
        say(result.caution)
    if health["judged"]:
        share = health["issues"] / health["judged"]
        say(f"{counted(health['issues'], 'row')} to read again, of {health['judged']:,} judged ({share:.1%}).")
    not_judged = health["rows"] - health["judged"]
    if health["judged"] and not_judged:
        their, them, were = ("its", "it", "was") if not_judged == 1 else ("their", "them", "were")
        reason = f"{their} split is not audited, or {their} label occurs in only one text"
        if result.run.config.probabilities:
            reason = f"the given probabilities lack {them}, {reason}"
        say(f"{not_judged:,} of {health['rows']:,} rows {were} not judged: {reason}.")
    if conflicts := health["duplicates"]["conflicting_groups"]:
        say(f"Texts that occur several times with different labels: {conflicts:,}.")
    worst = ", ".join(f"{c['given']} → {c['suggested']} {c['rows']}" for c in health["confusions"][:5])
    if worst:
        say(f"Most frequent pairs, given → suggested: {worst}.")
    say(f"Ranking: auditor issues {result.directory}")
    say(f"Report:  {page}")
