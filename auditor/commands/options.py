"""What several commands have in common: the words they take, and who tells of their progress."""

from __future__ import annotations

import logging

import typer
from rich.console import Console
from rich.logging import RichHandler

from auditor.config import MODEL_NAMES, ModelName
from auditor.console import Terminal
from auditor.errors import InputError

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


def listener(quiet: bool = False, verbose: bool = False) -> Terminal:
    """Draw the progress on standard error."""
    console = Console(stderr=True, highlight=False)
    if verbose:
        logging.basicConfig(
            handlers=[RichHandler(console=console, show_path=False, markup=False)], format="%(message)s"
        )
        logging.getLogger("auditor").setLevel(logging.INFO)
    return Terminal(console, -1 if quiet else int(verbose))
