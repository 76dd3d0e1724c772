"""What several commands have in common: the words they take, and who tells of their progress."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence

import typer
from rich.console import Console
from rich.logging import RichHandler

from auditor.config import MODEL_NAMES, ModelName, is_address
from auditor.console import Terminal
from auditor.correction.policy import LEFT_OUT
from auditor.errors import InputError
from auditor.review.event import VERDICTS
from auditor.review.filter import KINDS, TIERS

STOPPED = 130
"""Exit code after Ctrl-C."""
RUN = typer.Argument(metavar="RUN", help="Name of a run (under reports/runs) or its path.")
JSON = typer.Option("--json", help="Print JSON for scripts.")
QUIET = typer.Option("-q", "--quiet", help="Say nothing but the result.")
VERBOSE = typer.Option("-v", "--verbose", help="Say everything.")
FILTER = typer.Option(
    metavar="QUERY",
    help="Only rows that this query of the review page's address finds; verdict=relabel: that anybody judged so.",
)
ABOVE = typer.Argument(metavar="[ABOVE]", help="Of `--unreviewed suggest-above`: 0.99 by default.")
LEAVE_OUT = typer.Option(help=f"Of: {', '.join(LEFT_OUT)}; '' for none.")
UNREVIEWED = typer.Option(help="Rows without a decision: keep, drop, or suggest-above (and a probability).")
ADD_CLASSES = typer.Option(help="Give rows that no class fits the new class proposed.")
VERDICT_LIST = typer.Option("--verdicts", help=f"Only rows with one of: {', '.join(VERDICTS)}.")
CHANGED_ONLY = typer.Option(help="Only rows whose label has changed.")
REVIEWER = typer.Option(help="Whose decisions count; everybody's by default.")
FORMAT = typer.Option(help="Of a folder: csv, tsv, txt, jsonl, parquet, arrow; the source's by default.")
LABEL_NAMES = typer.Option(help="Write names where the source has numbers of classes.")
RAW = typer.Option(help="CSV: leave text that a spreadsheet would run as a formula.")
FORCE = typer.Option(help="Write over an earlier export; over the source never.")
PROBABILITIES = typer.Option(
    metavar="FILE", help="Out-of-fold probabilities made elsewhere: .npy, or .parquet/.csv with a column a label."
)
SIGNAL = typer.Option("--signal", metavar="MODULE:NAME", help="A signal of your own.")
KIND = typer.Option(metavar="KIND", help=f"Only rows of this kind, or several: {', '.join(KINDS)}.")
TIER = typer.Option(metavar="TIER", help=f"Only rows of this tier, or several: {', '.join(TIERS)}.")
DB = typer.Option(help="The decision log: postgresql+psycopg://…; decisions.db in the run's directory by default.")


def model_names(given: str) -> tuple[ModelName, ...]:
    """Names of models, separated by commas.

    Raises
    ------
    InputError
        If there is none, or one is unknown.
    """
    names = [name.strip() for name in given.split(",") if name.strip()]
    unknown = [name for name in names if name not in MODEL_NAMES]
    if unknown or not names:
        raise InputError(
            f"--models names {', '.join(map(repr, unknown)) or 'no model'}.", f"Choose of {', '.join(MODEL_NAMES)}."
        )
    return tuple(name for name in dict.fromkeys(names) if name in MODEL_NAMES)


def audit_models(given: str) -> tuple[str, ...]:
    """Names of models, then addresses of the user's own, separated by commas; ``none`` for none.

    Raises
    ------
    InputError
        If there is none, or one is unknown.
    """
    names = [name.strip() for name in given.split(",") if name.strip()]
    if names == ["none"]:
        return ()
    unknown = [name for name in names if name not in MODEL_NAMES and not is_address(name)]
    if unknown or not names:
        raise InputError(
            f"--models names {', '.join(map(repr, unknown)) or 'no model'}.",
            f"Choose of {', '.join(MODEL_NAMES)}, module:Name of your own; none with --probabilities.",
        )
    return tuple(sorted(dict.fromkeys(names), key=is_address))


def see_here(addresses: Sequence[str]) -> None:
    """Let code of the user's own be imported from the current directory, where nothing installed has its name."""
    if any(is_address(one) for one in addresses) and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())


def listener(quiet: bool = False, verbose: bool = False) -> Terminal:
    """Draw the progress on standard error."""
    console = Console(stderr=True, highlight=False)
    if verbose:
        logging.basicConfig(
            handlers=[RichHandler(console=console, show_path=False, markup=False)], format="%(message)s"
        )
        logging.getLogger("auditor").setLevel(logging.INFO)
    return Terminal(console, -1 if quiet else int(verbose))
