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
"""Beginning of the names of models that judge; no person may have such a name."""


def model_reviewer(model: str) -> str:
    """Return the name under which a model's verdicts stand in the decision log."""
    name = "".join(character for character in model if character.isprintable()).strip()
    return f"{MODEL}{name}"[:100].strip()


def is_model(reviewer: str) -> bool:
    """Return whether a name is one of a model, in any case of its letters."""
    return reviewer.casefold().startswith(MODEL)
