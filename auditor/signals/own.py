"""Signals of the user's own: imported and checked before anything long begins, held to their contract."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

from auditor.errors import OwnCodeError
from auditor.models.own.imported import Imported, guarded, load
from auditor.signals.base import Inputs, Suspicion

SUSPECTS = 0.5
"""A row of which a signal of the user's own says so much or more gets its sentence among the reasons."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TAKEN = frozenset(
    "id split text given_label predicted_label suggested_label suspicion rank is_issue confident_learning tier "
    "kind kind_confidence stability duplicate_group group reasons".split()
)
"""Columns of ``issues.parquet`` that are no signals."""
_MOST = 500
"""Characters of a sentence."""


@dataclass(frozen=True)
class OwnSignal:
    """A :class:`~auditor.signals.base.Signal` of the user's own.

    It is given the inputs that it needs, and no others, read-only.

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
        """Changes with its address and its module's source: what a stage depends on."""
        return f"{self.name} {self.imported.address} {self.imported.code}"

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """(N,) suspicion; NaN where it has none.

        Raises
        ------
        OwnCodeError
            If it raises, or gives anything else.
        """
        with guarded(self.imported.address):
            found = self.signal(**self._own(inputs))
        shape = inputs["labels"].shape
        if not isinstance(found, np.ndarray) or found.dtype != np.float32 or found.shape != shape:
            about = f"{found.dtype} of shape {found.shape}" if isinstance(found, np.ndarray) else type(found).__name__
            raise self._wrong(f"gives {about}", f"an array of float32 of shape {shape}")
        outside = np.flatnonzero((found < 0) | (found > 1))
        if len(outside):
            raise self._wrong(
                f"gives {found[outside[0]]:.4g} for row {outside[0]:,}, counted from 0", "a number from 0 to 1, or NaN"
            )
        return found.copy()

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Its sentence, in one line.

        Raises
        ------
        OwnCodeError
            If it raises, or gives no string.
        """
        with guarded(self.imported.address):
            sentence = self.signal.explain(row, **self._own(inputs))
        if not isinstance(sentence, str):
            raise self._wrong(f"explains a row by {type(sentence).__name__}", "a string")
        return " ".join(sentence.split())[:_MOST]

    def _own(self, inputs: Inputs) -> dict[str, Any]:
        known: Mapping[str, Any] = inputs
        return {name: _read_only(known[name]) for name in sorted(self.needs)}

    def _wrong(self, what: str, expected: str) -> OwnCodeError:
        return OwnCodeError(
            f"The signal {self.name} ({self.imported.address}) {what}; expected is {expected}.",
            "Mend it, then give the same command again.",
        )


@dataclass(frozen=True)
class Speaking:
    """A signal that has measured: it explains the rows it suspects, from the inputs that it measured."""

    signal: OwnSignal
    measured: Suspicion
    inputs: Inputs

    @property
    def name(self) -> str:
        """The signal's."""
        return self.signal.name

    @property
    def needs(self) -> frozenset[str]:
        """Nothing more."""
        return frozenset()

    def __call__(self, **inputs: Unpack[Inputs]) -> Suspicion:
        """What it has measured."""
        return self.measured

    def explain(self, row: int, **inputs: Unpack[Inputs]) -> str:
        """Its sentence, of a row with a suspicion of ``SUSPECTS`` or more; else nothing."""
        return self.signal.explain(row, **self.inputs) if self.measured[row] >= SUSPECTS else ""


def import_signals(addresses: Iterable[str], taken: Iterable[str], dynamics: bool = True) -> list[OwnSignal]:
    """Import signals of the user's own, make and check them.

    Parameters
    ----------
    addresses : iterable of str
        ``package.module:Name``, each called without arguments.
    taken : iterable of str
        Names of the signals that there are anyway.
    dynamics : bool
        Whether a model of the run may keep what it saw in its epochs.

    Raises
    ------
    OwnCodeError
        If one is missing, fails, is no signal, has a name that is taken, or needs what there is not.
    """
    seen, found = {*_TAKEN, *taken}, []
    for address in addresses:
        signal = _checked(load(address))
        if signal.name in seen or signal.name.startswith(("loss_", "probability_given_")):
            raise OwnCodeError(
                f"The signal {address} is called {signal.name!r}, as a column of the issues is already.",
                "Give it another name.",
            )
        if "dynamics" in signal.needs and not dynamics:
            raise OwnCodeError(
                f"The signal {address} needs dynamics, which no model of this run keeps.",
                "Add finetuned to the models, or leave the signal out.",
            )
        seen.add(signal.name)
        found.append(signal)
    return found


def _checked(imported: Imported) -> OwnSignal:
    signal, address = imported.make(), imported.address
    with guarded(address):
        name, needs = getattr(signal, "name", None), getattr(signal, "needs", None)
    wrong: Sequence[str] = [
        *(["cannot be called"] if not callable(signal) else []),
        *(["has no method explain"] if not callable(getattr(signal, "explain", None)) else []),
        *([f"has the name {name!r:.60}"] if not isinstance(name, str) or not _NAME.fullmatch(name) else []),
        *([f"needs {needs!r:.80}"] if not _are_inputs(needs) else []),
    ]
    if wrong:
        raise OwnCodeError(
            f"{address} makes a {type(signal).__name__}, which is no signal: it {', '.join(wrong)}.",
            "A signal has a name (a-z, 0-9 and _), needs (names of inputs: "
            f"{', '.join(sorted(Inputs.__annotations__))}), __call__(**inputs) and explain(row, **inputs).",
        )
    return OwnSignal(imported, str(name), frozenset(needs or ()), signal)


def _are_inputs(needs: Any) -> bool:
    known = Inputs.__annotations__
    return isinstance(needs, set | frozenset | list | tuple) and all(isinstance(n, str) and n in known for n in needs)


def _read_only(value: Any) -> Any:
    """A view that cannot be written to: what one signal does must not change what the next one sees."""
    if isinstance(value, np.ndarray):
        view = value.view()
        view.flags.writeable = False
        return view
    if isinstance(value, Mapping):
        return {name: _read_only(one) for name, one in value.items()}
    return value
