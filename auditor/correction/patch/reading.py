"""Reading: how a dataset is read that patches are applied to, by what the patches and the command say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditor.config import ReadConfig
from auditor.data.source import listed
from auditor.errors import PatchError

_EITHER = {"annotator", "votes"}
"""Who says one of them does without the other."""


def combine(recorded: Sequence[ReadConfig], given: ReadConfig) -> tuple[ReadConfig, dict[str, Any]]:
    """Read as the patches say, but where the command says otherwise.

    Parameters
    ----------
    recorded : sequence of ReadConfig
        What the patches say, with nothing else set.
    given : ReadConfig
        What the command says: all that is set in it counts, defaults too.

    Returns
    -------
    config : ReadConfig
    taken : dict
        The options that are taken from the patches, with their values.

    Raises
    ------
    PatchError
        If the patches say different things.
    """
    said = set(given.model_fields_set)
    said |= _EITHER if said & _EITHER else set()
    taken: dict[str, Any] = {}
    for config in recorded:
        for name in config.model_fields_set - said:
            value = getattr(config, name)
            if taken.setdefault(name, value) != value:
                raise PatchError(
                    f"The patches were made of datasets that were read differently: {option(name, taken[name])} and"
                    f" {option(name, value)}.",
                    f"Say which it is with --{_flag(name)}, or apply one patch after the other.",
                )
    return ReadConfig(**given.model_dump(exclude_unset=True), **taken), taken


def described(taken: dict[str, Any]) -> str:
    """List options as one gives them on the command line."""
    return listed([option(name, value) for name, value in sorted(taken.items())])


def option(name: str, value: Any) -> str:
    """Spell an option as one gives it on the command line."""
    if isinstance(value, bool):
        return f"--{'' if value else 'no-'}{_flag(name)}"
    return f"--{_flag(name)} {','.join(value) if isinstance(value, tuple) else value}"


def _flag(name: str) -> str:
    return name.replace("_", "-")
