"""Names of reviewers: the same rules for accounts and for the decision log."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, StringConstraints


def _printable(name: str) -> str:
    if not name.isprintable() or name != name.strip():
        raise ValueError("a name must consist of printable characters, without spaces around it")
    return name


Reviewer = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_printable)]

MODEL = "model:"
"""Prefix of the names under which models judge."""


def is_person(name: str) -> bool:
    """Return whether a reviewer is a person, and not a model."""
    return not name.startswith(MODEL)
