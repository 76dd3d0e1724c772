"""Reading: combine the reading options of patches and of the command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditor.config import ReadConfig
from auditor.errors import PatchError
from auditor.wording import listed

_EITHER = {"annotator", "votes"}
"""Alternatives: giving one of them replaces the other."""


def combine(recorded: Sequence[ReadConfig], given: ReadConfig) -> tuple[ReadConfig, dict[str, Any]]:
    """Take the reading options of the patches, unless the command overrides them.

    Parameters
    ----------
    recorded : sequence of ReadConfig
        Options recorded in the patches; nothing else is set.
    given : ReadConfig
        Options of the command: every option set counts, even a default.

    Returns
    -------
    config : ReadConfig
    taken : dict
        Options taken from the patches, with their values.

    Raises
    ------
    PatchError
        If the patches contradict each other.
    """
    given_names = set(given.model_fields_set)
    given_names |= _EITHER if given_names & _EITHER else set()
    taken: dict[str, Any] = {}
    for config in recorded:
        for name in config.model_fields_set - given_names:
            value = getattr(config, name)
            if taken.setdefault(name, value) != value:
                raise PatchError(
                    f"The patches were made from datasets read with different options: {option(name, taken[name])} and"
                    f" {option(name, value)}.",
                    f"Choose with --{_flag(name)}, or apply one patch after the other.",
                )
    return ReadConfig(**given.model_dump(exclude_unset=True), **taken), taken


def described(taken: dict[str, Any]) -> str:
    """List options in command-line syntax."""
    return listed([option(name, value) for name, value in sorted(taken.items())])


def option(name: str, value: Any) -> str:
    """Format an option in command-line syntax."""
    if isinstance(value, bool):
        return f"--{'' if value else 'no-'}{_flag(name)}"
    return f"--{_flag(name)} {','.join(value) if isinstance(value, tuple) else value}"


def _flag(name: str) -> str:
    return name.replace("_", "-")
