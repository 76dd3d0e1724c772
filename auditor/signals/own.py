"""The user's own signals: imported and checked before any long stage, and held to their contract."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

from auditor.arrays import Suspicion
from auditor.errors import OwnCodeError
from auditor.models.own.imported import Imported, guarded, load
from auditor.modelspecs import DYNAMIC
from auditor.signals.base import Inputs

SUSPECTS = 0.5
"""Threshold: a user's own signal explains rows with at least this suspicion."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TAKEN = frozenset(
    "id split text given_label predicted_label suggested_label suspicion rank is_issue confident_learning tier "
    "kind kind_confidence stability duplicate_group group reasons".split()
)
"""Columns of ``issues.parquet`` that are not signals."""
_MOST = 500
"""Most characters of a sentence."""


@dataclass(frozen=True)
class OwnSignal:
    """The user's own :class:`~auditor.signals.base.Signal`.

    It receives only the inputs that it needs, read-only.

    Attributes
    ----------
    imported : Imported
    name : str
    needs : frozenset of str
    signal : object
    """

    imported: Imported
    name: str
    needs: frozenset[str]
    signal: Any

    @property
    def version(self) -> str:
        """Version string that changes with the signal's address and its module's source, for stage keys."""
        return f"{self.name} {self.imported.address} {self.imported.code}"

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """Return the (N,) suspicion; NaN where the signal has none.

        Raises
        ------
        OwnCodeError
            If the signal raises, or returns anything else.
        """
        with guarded(self.imported.address):
            found = self.signal(**self._own(inputs))
        shape = inputs["labels"].shape
        if not isinstance(found, np.ndarray) or found.dtype != np.float32 or found.shape != shape:
            about = f"{found.dtype} of shape {found.shape}" if isinstance(found, np.ndarray) else type(found).__name__
            raise self._wrong(f"returns {about}", f"an array of float32 of shape {shape}")
        outside = np.flatnonzero((found < 0) | (found > 1))
        if len(outside):
            raise self._wrong(
                f"returns {found[outside[0]]:.4g} for row {outside[0]:,}, counted from 0",
                "a number from 0 to 1, or NaN",
            )
        return found.copy()

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Return the signal's sentence as one line.

        Raises
        ------
        OwnCodeError
            If the signal raises, or does not return a string.
        """
        with guarded(self.imported.address):
            sentence = self.signal.explain(row, **self._own(inputs))
        if not isinstance(sentence, str):
            raise self._wrong(f"returns {type(sentence).__name__} from explain", "a string")
        return " ".join(sentence.split())[:_MOST]

    def _own(self, inputs: Inputs) -> dict[str, Any]:
        available: Mapping[str, Any] = inputs
        return {name: _read_only(available[name]) for name in sorted(self.needs)}

    def _wrong(self, what: str, expected: str) -> OwnCodeError:
        return OwnCodeError(
            f"The signal {self.name} ({self.imported.address}) {what}; expected {expected}.",
            "Fix it and run the same command again.",
        )


@dataclass(frozen=True)
class MeasuredSignal:
    """A signal with its measurement; it explains the rows that it suspects."""

    signal: OwnSignal
    measured: Suspicion
    inputs: Inputs

    @property
    def name(self) -> str:
        """Name of the signal."""
        return self.signal.name

    @property
    def needs(self) -> frozenset[str]:
        """Empty: the signal has its inputs already."""
        return frozenset()

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """Return the measured suspicion."""
        return self.measured

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Return the signal's sentence if the row's suspicion is at least ``SUSPECTS``; else an empty string."""
        return self.signal.explain(row, **self.inputs) if self.measured[row] >= SUSPECTS else ""


def import_signals(addresses: Iterable[str], taken: Iterable[str], dynamics: bool = True) -> list[OwnSignal]:
    """Import, instantiate and check the user's own signals.

    Parameters
    ----------
    addresses : iterable of str
        ``package.module:Name``; each is called without arguments.
    taken : iterable of str
        Names of the built-in signals.
    dynamics : bool
        Whether a model of the run may keep its training dynamics.

    Raises
    ------
    OwnCodeError
        If a signal is missing, fails, is invalid, has a name that is taken, or needs an input that the run lacks.
    """
    seen, found = {*_TAKEN, *taken}, []
    for address in addresses:
        signal = _checked(load(address))
        if signal.name in seen or signal.name.startswith(("loss_", "probability_given_")):
            raise OwnCodeError(
                f"The signal {address} is called {signal.name!r}, which is already a column of the issues.",
                "Rename the signal.",
            )
        if "dynamics" in signal.needs and not dynamics:
            raise OwnCodeError(
                f"The signal {address} needs dynamics, which no model of this run keeps.",
                f"Add {DYNAMIC} to the models, or omit the signal.",
            )
        seen.add(signal.name)
        found.append(signal)
    return found


def _checked(imported: Imported) -> OwnSignal:
    signal, address = imported.make(), imported.address
    with guarded(address):
        name, needs = getattr(signal, "name", None), getattr(signal, "needs", None)
    wrong: Sequence[str] = [
        *(["is not callable"] if not callable(signal) else []),
        *(["has no method explain"] if not callable(getattr(signal, "explain", None)) else []),
        *([f"has the name {name!r:.60}"] if not isinstance(name, str) or not _NAME.fullmatch(name) else []),
        *([f"needs {needs!r:.80}"] if not _are_inputs(needs) else []),
    ]
    if wrong:
        raise OwnCodeError(
            f"{address} creates a {type(signal).__name__}, which is not a signal: it {', '.join(wrong)}.",
            "A signal has a name (a-z, 0-9 and _), needs (names of inputs: "
            f"{', '.join(sorted(Inputs.__annotations__))}), __call__(**inputs) and explain(row, **inputs).",
        )
    return OwnSignal(imported, str(name), frozenset(needs or ()), signal)


def _are_inputs(needs: Any) -> bool:
    allowed = Inputs.__annotations__
    return isinstance(needs, set | frozenset | list | tuple) and all(isinstance(n, str) and n in allowed for n in needs)


def _read_only(value: Any) -> Any:
    """Return a read-only view: no signal may change the inputs of the next."""
    if isinstance(value, np.ndarray):
        view = value.view()
        view.flags.writeable = False
        return view
    if isinstance(value, Mapping):
        return {name: _read_only(item) for name, item in value.items()}
    return value
