"""The commands that manage reviewers' accounts."""

from __future__ import annotations

import sys
from getpass import getpass
from pathlib import Path
from typing import Annotated

import typer

from auditor.commands.options import JSON
from auditor.console import print_json, say
from auditor.errors import AccountError

accounts = typer.Typer(
    help="Manage the accounts of reviewers.\n\nExample: auditor user add ann --auth reviewers.json",
    add_completion=False,
    rich_markup_mode="rich",
)
_AUTH = typer.Option(metavar="FILE", help="File that holds the reviewers' accounts.")


@accounts.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Reviewer's name, as the decision log will show it.")],
    auth: Annotated[Path, _AUTH],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Set a new password for an existing account.")] = False,
) -> None:
    """Add an account for a reviewer, and ask for its password.

    Example: auditor user add ann --auth reviewers.json
    """
    from auditor.access.accounts import Accounts

    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else _ask_password()
    added = Accounts(auth).add(name, password, replace=replace)
    say(f"{added!r} can log in where {auth} is given as --auth.")


@accounts.command("list")
def list_accounts(auth: Annotated[Path, _AUTH], as_json: Annotated[bool, JSON] = False) -> None:
    """List the names of the reviewers who can log in.

    Example: auditor user list --auth reviewers.json
    """
    from auditor.access.accounts import Accounts

    names = Accounts(auth).names
    if as_json:
        print_json(names)
    elif not names:
        say(f"{auth} has no accounts: nobody can log in with it.")
    for name in () if as_json else names:
        say(name)


@accounts.command()
def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Reviewer's name.")], auth: Annotated[Path, _AUTH]
) -> None:
    """Remove a reviewer's account, and log them out everywhere. Their decisions stay in the log.

    Example: auditor user remove ann --auth reviewers.json
    """
    from auditor.access.accounts import Accounts

    kept = Accounts(auth)
    removed = kept.remove(name)
    say(f"{removed!r} has been removed from {auth} and logged out. Decisions under that name stay in the log.")
    if not kept.names:
        say(f"That was the last account: nobody can log in with {auth} until one is added with `auditor user add`.")


def _ask_password() -> str:
    password = getpass("Password: ")
    if getpass("Again: ") != password:
        raise AccountError("The two passwords differ.", "Run the command again.")
    return password
