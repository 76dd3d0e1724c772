"""Options that several commands share, and the listener for their progress."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

from auditor.console import stderr
from auditor.correction.decide.policy import Policy
from auditor.errors import ConfigError
from auditor.vocabulary import KINDS, LEFT_OUT, MODEL_NAMES, TIERS, TOOL_NAMES, VERDICTS, ModelName

if TYPE_CHECKING:
    from auditor.commands.progress import Terminal

POLICY = Policy()
"""What each verdict does unless options say otherwise."""
LEAVES_OUT = ",".join(POLICY.leave_out)
STOPPED = 130
"""Exit code after Ctrl-C."""
RESUME = "Run the same command again to continue."
READING, MODELS, TRAINING = "How to read the source", "Models", "Training and judging"
WHERE = "Where to train"
"""Panels of the help."""
RUN = typer.Argument(metavar="RUN", help="Name of a run (under reports/runs) or its path.")
SOURCES = typer.Argument(
    metavar="SOURCE",
    help="Files (csv, tsv, txt, jsonl, json, xlsx, parquet; text files also packed), a folder of texts for each class,"
    " a save_to_disk folder, or the name of a Hub dataset.",
)
TEXT = typer.Option(help="Column that holds the texts. Default: guessed from its name.", rich_help_panel=READING)
LABEL = typer.Option(help="Column that holds the labels. Default: guessed from its name.", rich_help_panel=READING)
ID = typer.Option(
    help="Column that holds unique ids. Default: ids made from split and row number.", rich_help_panel=READING
)
ANNOTATOR = typer.Option(
    help="Column that names the rater, where each row is one rater's vote.", rich_help_panel=READING
)
VOTES = typer.Option(
    help="Column that holds all votes on a text, such as joy|love|joy; or one column per rater, separated by commas.",
    rich_help_panel=READING,
)
FROM = typer.Option(
    "--from",
    metavar="TOOL",
    help=f"Annotation tool that the source was exported from: {', '.join(TOOL_NAMES)}; columns for none of them."
    " Default: detected from the keys of the source.",
    rich_help_panel=READING,
)
DELIMITER = typer.Option(
    help="Character that separates the fields of a CSV file. Default: detected.", rich_help_panel=READING
)
QUOTING = typer.Option(
    help="Use of double quotes around CSV fields: minimal (where needed) or none. Default: detected.",
    rich_help_panel=READING,
)
HEADER = typer.Option(
    help="First line of a CSV file names the columns. Default: it does.",
    show_default=False,
    rich_help_panel=READING,
)
COLUMNS = typer.Option(
    metavar="NAMES",
    help="Names of the columns of a CSV file without a header, separated by commas.",
    rich_help_panel=READING,
)
ENCODING = typer.Option(help="Text encoding of the files. Default: utf-8.", show_default=False, rich_help_panel=READING)
MISSING_LABELS = typer.Option(
    metavar="LABELS",
    help="Labels that mean 'no label', separated by commas, such as 'nan,N/A,?'; * matches any characters."
    " Rows with one of them count as unlabelled.",
    rich_help_panel=READING,
)
MIRRORS = typer.Option(
    help="Also correct columns that repeat the label, such as label_text.",
    rich_help_panel=READING,
)
SHEET = typer.Option(help="Sheet of an Excel workbook. Default: the first that is not empty.", rich_help_panel=READING)
CONFIG = typer.Option(help="Configuration (subset) of a Hub dataset.", rich_help_panel=READING)
SPLIT = typer.Option(help="Read only this split; may be repeated. Default: all splits.", rich_help_panel=READING)
REVISION = typer.Option(help="Branch, tag or commit of a Hub dataset.", rich_help_panel=READING)
DEVICE = "Device to compute on: auto, cpu, cuda or mps."
JSON = typer.Option("--json", help="Print the result as JSON.")
QUIET = typer.Option("-q", "--quiet", help="Print nothing but the result.")
VERBOSE = typer.Option("-v", "--verbose", help="Print more about what is being done.")
FILTER = typer.Option(
    metavar="QUERY",
    help="Filter that chooses rows, written as in the URL of the review page:"
    " verdict=relabel, given=joy&suggested=love.",
)
ABOVE = typer.Argument(
    metavar="ABOVE", help=f"Smallest probability for `--unreviewed suggest-above`. Default: {POLICY.above:g}."
)
LEAVE_OUT = typer.Option(
    help=f"Leave out rows with these outcomes, separated by commas: {', '.join(LEFT_OUT)}. Use '' to keep all rows."
)
TIES = typer.Option(
    "--ties",
    metavar="keep|adjudicated-only",
    help="Treatment of rows on which reviewers' verdicts are tied: keep them unchanged, or leave them out until they"
    " are adjudicated.",
)
UNREVIEWED = typer.Option(
    help="Treatment of rows that nobody has judged: keep, drop, suggest-above (followed by a threshold, without any"
    " guarantee), or suggest with --wrong-at-most."
)
WRONG_AT_MOST = typer.Option(
    metavar="SHARE",
    help="With --unreviewed suggest: apply the suggestions that a test has certified to have at most this share of"
    " wrong labels, such as 5%. `auditor review RUN --certify 5%` runs the test.",
)
ADD_CLASSES = typer.Option(help="Label rows that no class fits with the new class that reviewers proposed.")
VERDICT_LIST = typer.Option(
    "--verdicts", help=f"Use only rows with these verdicts, separated by commas: {', '.join(VERDICTS)}."
)
CHANGED_ONLY = typer.Option(help="Use only rows whose label has changed.")
REVIEWER = typer.Option(help="Count only this reviewer's decisions; may be repeated. Default: everybody's.")
TO = typer.Option(
    help="File to write (.csv, .tsv, .txt, .jsonl, .json, .xlsx, .parquet; text files also packed as .gz, .bz2, .xz or"
    " .zip), or a folder, or .zip archive, that keeps the splits."
)
FORMAT = typer.Option(
    help="Format of the files in a folder: csv, tsv, txt, fasttext, jsonl, json, xlsx, parquet or arrow. Default: the"
    " source's."
)
LABEL_NAMES = typer.Option(help="Write the names of the classes where the source has numbers.")
RAW = typer.Option(help="Write CSV cells unchanged, even those that a spreadsheet would run as a formula.")
GUARD = typer.Option(
    "--guard",
    help="Put an apostrophe before cells that a spreadsheet would run as a formula, even in rows copied unchanged.",
)
FORCE = typer.Option(help="Overwrite an earlier export. The source and runs are never overwritten.")
PROBABILITIES = typer.Option(
    metavar="FILE",
    help="Add a model's out-of-fold probabilities: a .npy array, or a .parquet or .csv file with a column per label;"
    " may be repeated.",
    rich_help_panel=MODELS,
)
SIGNAL = typer.Option(
    "--signal", metavar="MODULE:NAME", help="Add a signal of your own; may be repeated.", rich_help_panel=MODELS
)
KIND = typer.Option(
    metavar="KIND", case_sensitive=False, help=f"Show only rows of this kind: {', '.join(KINDS)}; may be repeated."
)
TIER = typer.Option(
    metavar="TIER", case_sensitive=False, help=f"Show only rows of this tier: {', '.join(TIERS)}; may be repeated."
)
DB = typer.Option(
    metavar="URL",
    help="Database that holds the decision log: postgresql+psycopg://…. Default: decisions.db in the run directory.",
)


class Quoting(StrEnum):
    """How to read quotes in a CSV file."""

    auto = "auto"
    minimal = "minimal"
    none = "none"


def split_names(given: str) -> tuple[str, ...]:
    """Split names at commas. Return none for an empty string."""
    return tuple(name.strip() for name in given.split(",")) if given else ()


def model_names(given: str) -> tuple[ModelName, ...]:
    """Split names of models at commas.

    Raises
    ------
    ConfigError
        If there is no name, or one is unknown.
    """
    names = [name.strip() for name in given.split(",") if name.strip()]
    unknown = [name for name in names if name not in MODEL_NAMES]
    if unknown or not names:
        raise ConfigError(
            f"--models names {', '.join(map(repr, unknown)) or 'no model'}.", f"Choose from {', '.join(MODEL_NAMES)}."
        )
    return tuple(name for name in dict.fromkeys(names) if name in MODEL_NAMES)


def audit_models(given: str) -> tuple[str, ...]:
    """Split names of models, and addresses of the user's own, at commas; ``none`` means none.

    Raises
    ------
    ConfigError
        If there is no name, or one is unknown.
    """
    from auditor.config import is_address

    names = [name.strip() for name in given.split(",") if name.strip()]
    if names == ["none"]:
        return ()
    unknown = [name for name in names if name not in MODEL_NAMES and not is_address(name)]
    if unknown or not names:
        raise ConfigError(
            f"--models names {', '.join(map(repr, unknown)) or 'no model'}.",
            f"Choose from {', '.join(MODEL_NAMES)}, your own as module:Name, or none (with --probabilities).",
        )
    return tuple(sorted(dict.fromkeys(names), key=is_address))


def allow_local_imports(addresses: Sequence[str]) -> None:
    """Allow imports of the user's own code from the current directory, after installed packages."""
    from auditor.config import is_address

    if any(is_address(address) for address in addresses) and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())


@contextmanager
def stoppable(todo: str | None = None) -> Iterator[None]:
    """End the command on Ctrl-C, with the exit code :data:`STOPPED`; say what to do then, if there is anything."""
    try:
        yield
    except KeyboardInterrupt:
        if todo:
            typer.echo(f"Stopped. {todo}", err=True)
        raise typer.Exit(STOPPED) from None


def listener(quiet: bool = False, verbose: bool = False) -> Terminal:
    """Return a listener that shows progress on standard error."""
    from auditor.commands.progress import Terminal

    console = stderr()
    if verbose:
        from rich.logging import RichHandler

        logging.basicConfig(
            handlers=[RichHandler(console=console, show_path=False, markup=False)], format="%(message)s"
        )
        logging.getLogger("auditor").setLevel(logging.INFO)
    return Terminal(console, -1 if quiet else int(verbose))
