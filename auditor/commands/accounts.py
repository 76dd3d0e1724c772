"""The commands that manage reviewers' accounts."""

from __future__ import annotations

import sys
from getpass import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.commands.options import JSON
from auditor.console import print_json, say
from auditor.errors import AccountError, ConfigError

if TYPE_CHECKING:
    from auditor.access.accounts import Role

accounts = typer.Typer(
    help="Manage the accounts of reviewers.\n\nExample: auditor user add ann --auth reviewers.json",
    add_completion=False,
    rich_markup_mode="rich",
)
_ROLES = "reviewer, adjudicator or admin"
_AUTH = typer.Option(metavar="FILE", help="File that holds the reviewers' accounts.")


@accounts.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Reviewer's name, as shown in the decision log.")],
    auth: Annotated[Path, _AUTH],
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
    ] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Set a new password for an existing account.")] = False,
    role: Annotated[
        str | None,
        typer.Option(
            metavar="ROLE",
            help=f"What the account may do: {_ROLES}. Default: reviewer, or the role that an existing account has.",
        ),
    ] = None,
) -> None:
    """Add an account for a reviewer, and ask for its password.

    Example: auditor user add ann --auth reviewers.json
    """
    from auditor.access.accounts import Accounts

    wanted = None if role is None else _check_role(role)
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else _ask_password()
    added = Accounts(auth).add(name, password, replace=replace, role=wanted)
    say(f"{added!r} can log in where {auth} is given as --auth.")


@accounts.command("list")
def list_accounts(auth: Annotated[Path, _AUTH], as_json: Annotated[bool, JSON] = False) -> None:
    """List the reviewers who can log in, and their roles.

    Example: auditor user list --auth reviewers.json
    """
    from auditor.access.accounts import Accounts

    roles = Accounts(auth).roles
    if as_json:
        print_json([{"name": name, "role": role} for name, role in roles.items()])
    elif not roles:
        say(f"{auth} has no accounts: nobody can log in with it.")
    for name, role in () if as_json else roles.items():
        say(name if role == "reviewer" else f"{name} ({role})")


@accounts.command("role")
def set_role(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Reviewer's name.")],
    role: Annotated[str, typer.Argument(metavar="ROLE", help=f"New role: {_ROLES}.")],
    auth: Annotated[Path, _AUTH],
) -> None:
    """Change what a reviewer may do. It takes effect at once, without a new login.

    An adjudicator settles rows on which reviewers differ, and sees the figures of all reviewers; so does an admin.

    Example: auditor user role ann adjudicator --auth reviewers.json
    """
    from auditor.access.accounts import Accounts

    wanted = _check_role(role)
    changed = Accounts(auth).set_role(name, wanted)
    say(f"{changed!r} is now {'an' if wanted[0] == 'a' else 'a'} {wanted}.")


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


def _check_role(role: str) -> Role:
    from auditor.access.accounts import ROLES

    for allowed in ROLES:
        if role == allowed:
            return allowed
    raise ConfigError(f"{role!r} is not a role.", f"Choose {_ROLES}.")


def _ask_password() -> str:
    password = getpass("Password: ")
    if getpass("Repeat the password: ") != password:
        raise AccountError("The two passwords differ.", "Run the command again.")
    return password
