"""Keys: the key of each action on the review page, and a reviewer's changes to them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from auditor.errors import SourceError
from auditor.storage import open_file

DEFAULT_KEYS: Mapping[str, str] = {
    "keep": "k",
    "suggest": "s",
    **{f"label{number}": str(number % 10) for number in range(1, 11)},
    "pick": "/",
    "ambiguous": "a",
    "none": "n",
    "exclude": "x",
    "unsure": "i",
    "skip": "space",
    "undo": "u",
    "redo": "r",
    "back": "b",
    "note": "e",
    "evidence": "v",
    "guidelines": "d",
    "ask": "c",
    "help": "h",
}
"""Key of each action, as the browser's ``KeyboardEvent.key`` names it. The space bar is ``space``."""

NAMED = frozenset(
    "space Backspace Delete Insert Home End PageUp PageDown ArrowLeft ArrowRight ArrowUp ArrowDown".split()
)
"""Named keys that may be assigned. The page needs Enter, Escape and Tab itself."""

_MAX_BYTES = 100_000


def read_keys(path: Path) -> dict[str, str]:
    """Read a JSON file of changes to the default keys: ``{"keep": "g", "skip": "ArrowRight"}``.

    Returns
    -------
    dict
        Key of every action.

    Raises
    ------
    SourceError
        If the file cannot be read, or names an unknown action, a key that cannot be used, or an action or a key twice.
    """
    try:
        with open_file(path) as file:
            # Objects become tuples of pairs: in a dict, the last of two equal keys would win.
            changes = json.loads(file.read(_MAX_BYTES), object_pairs_hook=tuple)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.", "Name a file of keys with --keys.") from None
    except (ValueError, RecursionError) as error:  # invalid JSON or UTF-8
        raise _refused(path, f"is not JSON ({error})") from None
    if not isinstance(changes, tuple) or not all(isinstance(key, str) for _, key in changes):
        raise _refused(path, "is not an object of actions and keys")
    keys, seen = dict(DEFAULT_KEYS), set[str]()
    for action, key in changes:
        if action in seen:
            raise _refused(path, f"names the action {action!r} twice")
        seen.add(action)
        if action not in keys:
            raise SourceError(f"{path} names an unknown action {action!r}.", f"Actions: {', '.join(DEFAULT_KEYS)}.")
        if key not in NAMED and (len(key) != 1 or not key.isprintable() or key.isspace()):
            raise _refused(
                path, f"assigns {action!r} the key {key!r}; expected one character or {', '.join(sorted(NAMED))}"
            )
        keys[action] = key if key in NAMED else key.lower()  # ignores Shift and Caps Lock
    actions: dict[str, str] = {}
    for action, key in keys.items():
        if key in actions:
            raise _refused(path, f"assigns the key {key!r} to both {actions[key]!r} and {action!r}")
        actions[key] = action
    return keys


def _refused(path: Path, what: str) -> SourceError:
    return SourceError(f"{path} {what}.", 'Write it like {"keep": "g", "skip": "ArrowRight"}, each key once.')
