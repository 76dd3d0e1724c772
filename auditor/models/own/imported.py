"""The user's own code: import ``package.module:Name``, and report where it raises errors.

It is trusted like the user's other programs: its address comes from the command line or from Python, never from a
dataset, a model or a run.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from auditor.errors import AuditorError, OwnCodeError

_OURS = str(Path(__file__).parents[2])
_MOST = 300
"""Most characters of a message from the user's code."""


@dataclass(frozen=True)
class Imported:
    """A class, or a function without arguments, that makes a classifier or a signal.

    Attributes
    ----------
    address : str
        ``package.module:Name``.
    target : callable
    code : str
        SHA-256 of the source files of the module and of the module that defines the name, but not of their imports.
    """

    address: str
    target: Callable[[], Any]
    code: str

    def make(self) -> Any:
        """Instantiate the object.

        Raises
        ------
        OwnCodeError
            If the user's code raises.
        """
        with guarded(self.address):
            return self.target()


def load(address: str) -> Imported:
    """Import a class or a function.

    Parameters
    ----------
    address : str
        ``package.module:Name``.

    Raises
    ------
    OwnCodeError
        If the module or name does not exist, the module cannot be imported, or the name is not callable.
    """
    name, _, path = address.partition(":")
    module = _module(name, address)
    target: Any = module
    for part in path.split("."):
        if not hasattr(target, part):
            found = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
            raise OwnCodeError(
                f"The module {name} ({_short(getattr(module, '__file__', None) or 'built in')}) has no {path}.",
                f"Choose a class or a function of it: {', '.join(found[:12]) or 'there is none'}.",
            )
        target = getattr(target, part)
    if not callable(target):
        raise OwnCodeError(
            f"{address} is of type {type(target).__name__}, which is not callable.",
            "Name a class, or a function without arguments that returns the object.",
        )
    return Imported(address, target, _hash({name, str(getattr(target, "__module__", name))}))


@contextmanager
def guarded(address: str) -> Iterator[None]:
    """Turn exceptions of the user's code into an error that says what and where; its cause has the traceback.

    Raises
    ------
    OwnCodeError
    """
    try:
        yield
    except AuditorError:
        raise
    except (Exception, SystemExit) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        message = f": {reason[:_MOST]}" if reason else ""
        raise OwnCodeError(
            f"{address} raised {type(error).__name__}{message}{_where(error, address)}.",
            "Fix it and run the same command again; -v shows the whole traceback.",
        ) from error


def _module(name: str, address: str) -> ModuleType:
    with guarded(address):
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{name}.".startswith(f"{error.name}."):
                raise  # their module imports a missing one
    raise OwnCodeError(
        f"There is no module {name}, which {address} names.",
        "Make it importable: install it, or put it on PYTHONPATH or (for the command line) into the current directory, "
        f"{os.getcwd()}.",
    )


def _hash(modules: set[str]) -> str:
    """Return the SHA-256 of the source files of some modules; a notebook has none."""
    files = {getattr(sys.modules.get(name), "__file__", None) for name in modules}
    digest = hashlib.sha256()
    for content in sorted(Path(file).read_bytes() for file in files if file and os.path.isfile(file)):
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def _where(error: BaseException, address: str) -> str:
    """Return the deepest line in the user's module, else in code that is not ours; empty if it was not entered."""
    if isinstance(error, SyntaxError) and error.filename:
        return f", at {_short(error.filename)}:{error.lineno}"
    own = getattr(sys.modules.get(address.partition(":")[0]), "__file__", None)
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith((_OURS, "<frozen"))
        and not frame.filename.startswith(os.path.dirname(importlib.__file__))
    ]
    chosen = [frame for frame in frames if frame.filename == own] or frames
    return f", at {_short(chosen[-1].filename)}:{chosen[-1].lineno}" if chosen else ""


def _short(file: str) -> str:
    """Return a path relative to the current directory, if it is inside."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file
