"""The command line: its verbs, the module of each, and exit codes.

A verb's module is imported only when the verb is used, so that help and short commands start quickly.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.exceptions import TyperException

from auditor.console import plain, stderr
from auditor.errors import AuditorError, OwnCodeError, StorageError

VERBS = {
    "run": ("running:run", "Audit the labels of a dataset: rank the doubtful rows, write a report."),
    "demo": ("running:demo", "Audit the bundled sample, whose planted errors are known."),
    "runs": ("runs:runs", "List the runs in a folder."),
    "issues": ("issues:issues", "Show the rows to read again, most suspect first."),
    "report": ("reporting:report", "Re-create the report of a run."),
    "review": ("reviewing:review", "Review the rows of a run in the browser."),
    "judge": ("judging:judge", "Have a language model judge rows, as one more reviewer."),
    "labels": ("labelling:labels", "Rename, merge or delete classes in the corrected dataset."),
    "estimate": ("estimating:estimate", "Estimate how many labels are wrong from the verdicts so far."),
    "agreement": ("agreeing:agreement", "Measure how far the people who judged the same rows agree."),
    "export": ("correcting:export", "Write the corrected dataset."),
    "patch": ("patching:patch", "Write only the changes, to apply them elsewhere."),
    "apply": ("patching:apply", "Apply a patch to a dataset."),
    "retrain": ("evaluating:retrain", "Measure what the corrections gain by training on them."),
    "predict": ("predicting:predict", "Classify texts with a trained model."),
    "push": ("pushing:push", "Push the corrected dataset to the Hugging Face Hub."),
    "user": ("accounts:accounts", "Manage the accounts of reviewers."),
    "log": ("reviewing:decisions", "Export and import the decision log."),
}
"""By verb: its location (module and name in ``auditor.commands``), and its line in the list of commands."""

CLOSED = 128 + 13
"""Exit code if the reader of the output closes the pipe: the shell's code for a program ended by SIGPIPE."""


def load(verb: str) -> Any:
    """Import the command, or group of commands, of a verb."""
    module, name = VERBS[verb][0].split(":")
    group = getattr(import_module(f"auditor.commands.{module}"), name)
    if not isinstance(group, typer.Typer):
        app = typer.Typer(add_completion=False, rich_markup_mode="rich")
        app.command(verb)(group)
        group = app
    command = typer.main.get_command(group)
    command.name = verb
    return command


class _Verbs(TyperGroup):
    """A group that lists all verbs, and loads a verb only when it is used."""

    def __init__(self, **attributes: Any) -> None:
        stubs = {verb: TyperCommand(verb, help=about) for verb, (_, about) in VERBS.items()}
        super().__init__(**{**attributes, "commands": stubs})

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        if args[0] in VERBS:
            self.commands[args[0]] = load(args[0])
        return super().resolve_command(ctx, args)


app = typer.Typer(
    name="auditor",
    cls=_Verbs,
    help="Find the wrong labels of a text dataset, review them, and get a corrected dataset back.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


@app.callback(invoke_without_command=True)
def _start(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        from auditor.version import own_version

        typer.echo(f"auditor {own_version() or '(run from its source tree)'}")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())
        raise typer.Exit(2)


def main() -> None:
    """Entry point: turn an error into two lines, what and what to do, and an exit code."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # a stream replaced by a test
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        code = typer.main.get_command(app)(prog_name="auditor", standalone_mode=False)
    except AuditorError as failure:
        code = _print_error(failure.what, failure.todo, failure.exit_code)
        verbose = logging.getLogger("auditor").isEnabledFor(logging.INFO)
        if isinstance(failure, OwnCodeError) and failure.__cause__ and verbose:
            for line in "".join(traceback.format_exception(failure.__cause__)).splitlines():
                stderr().print(plain(line), soft_wrap=True)
    except TyperException as failure:  # an invalid command line
        context = getattr(failure, "ctx", None)
        path = context.command_path if context else "auditor"
        code = _print_error(failure.format_message(), f"See its options: {path} --help", failure.exit_code)
    except typer.Abort:
        code = _print_error("The input ended where an answer was expected.", "Run the command again, and answer.", 1)
    except SystemExit as end:  # rich and typer exit with code 1 on a broken pipe
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        code = CLOSED
        _discard_output()
    except OSError as failure:
        from auditor.storage import is_full

        if not is_full(failure):
            raise
        what = f"{failure.filename or 'The output'} cannot be written: {failure.strerror}."
        code = _print_error(what, "Free disk space and run the same command again.", StorageError.exit_code)
        _discard_output()
    sys.exit(code)


def _print_error(what: str, todo: str, code: int) -> int:
    error = stderr()
    error.print("[bold red]Error: [/]", plain(what), sep="", soft_wrap=True)
    error.print(plain(f"→ {todo}"), soft_wrap=True)
    return code


def _discard_output() -> None:
    """Discard remaining output, which Python would complain about at exit."""
    with suppress(OSError, ValueError):
        devnull = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(devnull, stream.fileno())
