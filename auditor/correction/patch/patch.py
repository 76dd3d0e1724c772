"""Patch: the changes to a dataset, one a line, which can be made on the original or on a newer version of it."""

from __future__ import annotations

import codecs
import hashlib
import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from auditor.config import ReadConfig
from auditor.correction.decide.corrections import Corrections
from auditor.errors import ExportError, InputError, PatchError, StorageError
from auditor.review.log.event import ItemHash, Moment, Reviewer, Verdict, item_hash
from auditor.storage import open_file, replacing
from auditor.tabular import json_array
from auditor.validation import first_fault

_READING = "reading"
"""The header's field."""
_LONGEST = 4_000_000
"""Bytes of a line: more than any change has. A file without line ends must not fill the memory."""

_ENDINGS = {".jsonl", ".ndjson", ".json", ""}
Name = Annotated[str, Field(max_length=100_000)]
"""An id, a split or a label, as long as the dataset has it."""
Count = Annotated[int, Field(ge=1, le=2**31)]


class Change(BaseModel):
    """What becomes of one row; a line of a patch.

    Attributes
    ----------
    id, split : str
        Of the row, in the dataset that was audited.
    hash : str
        :func:`auditor.review.log.event.item_hash` of its text and given label.
    text_hash : str
        :func:`text_hash` of its text.
    old : str
        Name of its given label.
    new : str or None
        Name of its label from now on; None: the row is left out.
    verdict : str or None
        Of most reviewers; ``tie`` where as many say one thing as another; None where nobody has judged the row, and
        the policy takes the models' word or drops what nobody has judged.
    reviewers : tuple of str
    decided_at : datetime or None
        When the last of them did.
    new_class : bool
        The dataset does not have the class ``new``.
    copies, copies_elsewhere : dict of str to int
        Given labels of the rows with the same text: in the split, this one included, and in other splits. They tell
        whether a row can be known by its text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[Name, Field(min_length=1)]
    split: Name
    hash: ItemHash
    text_hash: ItemHash
    old: Name
    new: Annotated[Name, Field(min_length=1)] | None
    verdict: Verdict | Literal["tie"] | None
    reviewers: tuple[Reviewer, ...]
    decided_at: Moment | None
    new_class: bool
    copies: dict[Name, Count]
    copies_elsewhere: dict[Name, Count]

    @property
    def has_made_id(self) -> bool:
        """Whether the id looks as if it was made of the split and the row's number."""
        return re.fullmatch(re.escape(self.split) + "-[0-9]+", self.id) is not None

    @model_validator(mode="after")
    def _fits_its_verdict(self) -> Self:
        if self.new == self.old:
            raise ValueError("old and new are the same label")
        if self.new is None and (self.verdict == "relabel" or self.new_class):
            raise ValueError("relabel and new_class come with a label in new")
        if self.new is not None and self.verdict not in ("relabel", "none_fits", None):
            raise ValueError(f"{self.verdict} brings no new label")
        if self.verdict == "keep":
            raise ValueError("keep changes nothing")
        if len({self.verdict is None, not self.reviewers, self.decided_at is None}) > 1:
            raise ValueError("verdict, reviewers and decided_at come together")
        if self.old not in self.copies:
            raise ValueError("copies counts the row itself")
        return self


def text_hash(text: str) -> str:
    """32 hexadecimal digits of a SHA-256 over a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def make_patch(corrections: Corrections) -> tuple[Change, ...]:
    """List the rows whose label changes and those that are left out, in the order of the dataset.

    With ``policy.verdicts``, only those with one of these verdicts. Rows that ``--drop-invalid`` set aside are in no
    patch: they are what they were.

    Raises
    ------
    ExportError
        If an id, a split or a label is too long for a patch.
    """
    texts, outcomes = corrections.texts, corrections.outcomes.by_row
    touched = corrections.changed | ~corrections.kept
    if verdicts := corrections.policy.verdicts:
        wanted = [row for row, outcome in outcomes.items() if outcome.verdict in verdicts]
        touched &= np.isin(np.arange(len(texts)), wanted)
    table = texts.table.select(["id", "split", "text", "label"])
    values = table.filter(pa.array(touched)).to_pylist()
    copies = _count_copies(table, values, texts.label_names)
    rows = zip(np.flatnonzero(touched).tolist(), values, strict=True)
    return tuple(_change(corrections, row, about, copies[about["text"]]) for row, about in rows)


def _change(corrections: Corrections, row: int, about: dict[str, Any], copies: dict[str, Counter[str]]) -> Change:
    texts, outcome = corrections.texts, corrections.outcomes.by_row.get(row)
    old, code, kept = texts.label_names[about["label"]], int(corrections.label[row]), bool(corrections.kept[row])
    elsewhere = sum((counts for split, counts in copies.items() if split != about["split"]), Counter[str]())
    try:
        return Change(
            id=about["id"],
            split=about["split"],
            hash=item_hash(about["text"], old),
            text_hash=text_hash(about["text"]),
            old=old,
            new=corrections.label_names[code] if kept else None,
            verdict=(outcome.verdict or "tie") if outcome else None,
            reviewers=outcome.reviewers if outcome else (),
            decided_at=outcome.decided_at if outcome else None,
            new_class=kept and code >= texts.num_classes,
            copies=dict(sorted(copies[about["split"]].items())),
            copies_elsewhere=dict(sorted(elsewhere.items())),
        )
    except ValidationError as error:
        raise ExportError(
            f"Row {about['id'][:60]!r} cannot stand in a patch: {first_fault(error, Change)}.",
            "Export the corrected dataset instead.",
        ) from None


def _count_copies(
    table: pa.Table, changed: Sequence[dict[str, Any]], label_names: Sequence[str]
) -> dict[str, dict[str, Counter[str]]]:
    """Text that is changed → split → labels of the rows that have it."""
    texts = pa.array({about["text"] for about in changed}, pa.string())
    alike = table.filter(pc.is_in(table["text"], value_set=texts))
    columns = (alike[name].to_pylist() for name in ("text", "split", "label"))
    counts: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for text, split, label in zip(*columns, strict=True):
        counts[text][split][label_names[label]] += 1
    return counts


def write_patch(
    changes: Iterable[Change], to: Path, *, force: bool = False, reading: Mapping[str, Any] | None = None
) -> Path:
    """Write one JSON object a line, or one array into ``.json``; :func:`read_patch` reads either back, equal.

    If there is anything to say of how the dataset was read, a header says it: ``{"reading": {"annotator": "rater"}}``,
    with options of :class:`auditor.config.ReadConfig`.

    Raises
    ------
    ExportError
        If the name ends in anything but ``.jsonl``, ``.ndjson``, ``.json`` or nothing. If the file is there already:
        without ``force``, or with it if it is no patch.
    StorageError
        If the disk is full, or refuses to be written to.
    """
    to = Path(os.path.expanduser(to))
    if to.suffix.lower() not in _ENDINGS:
        raise ExportError(
            f"{to} is of an unknown format: its name ends in {to.suffix!r}.", "A patch is a file .jsonl or .json."
        )
    if os.path.lexists(to):
        if not force:
            raise ExportError(f"{to} exists already.", "Name another file, or replace it with --force.")
        _check_replaceable(to)
    header = [[json.dumps({_READING: reading}, ensure_ascii=False)]] if reading else []
    batches = chain(header, ([change.model_dump_json()] for change in changes))
    lines = json_array(batches) if to.suffix.lower() == ".json" else batches
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        with replacing(to) as file:
            file.writelines(line.encode() + b"\n" for batch in lines for line in batch)
    except OSError as error:
        raise StorageError(
            f"{to} cannot be written: {error.strerror or error}.", "Name another file with --to, or make room."
        ) from error
    return to


def _check_replaceable(path: Path) -> None:
    """See to it that nothing but a patch is written over; a dataset is none."""
    try:
        read_patch(path)
    except PatchError:
        raise ExportError(
            f"{path} is no patch, and is not written over.", "Name another file, or remove this one."
        ) from None


def read_patch(path: Path) -> tuple[Change, ...]:
    """Read a patch, strictly; what its header says is left to :func:`read_reading`.

    Raises
    ------
    PatchError
        If the file cannot be read, a line of it is not a change, or two lines are about the same row.
    """
    places: dict[tuple[str, str, str], str] = {}
    changes = []
    for number, (place, written) in enumerate(_written(path)):
        if number == 0 and _header(written) is not None:
            continue
        try:
            change = Change.model_validate_json(written, strict=True)
        except ValidationError as error:
            raise _refused(path, place, str(first_fault(error, Change))) from None
        before = places.setdefault((change.split, change.id, change.hash), place)
        if before != place:
            raise _refused(path, place, f"row {change.id[:60]!r} stands in {before} already")
        changes.append(change)
    return tuple(changes)


def read_reading(path: Path) -> ReadConfig:
    """Read how the dataset was read that a patch was made of, as far as its header says; nothing is set else.

    Raises
    ------
    PatchError
        If the file cannot be read, or its header names what is no option.
    """
    place, written = next(_written(path), ("", b""))
    options = _header(written)
    if options is None:
        return ReadConfig()
    try:
        return ReadConfig(**options)
    except (InputError, TypeError) as error:
        why = error.what.rstrip(".") if isinstance(error, InputError) else "reading: expected an object"
        raise _refused(path, place, why) from None


def _header(written: bytes) -> Any:
    """What a line says of the reading; None if it is no header."""
    try:
        header = json.loads(written)
    except (ValueError, RecursionError):
        return None
    return header[_READING] if isinstance(header, dict) and _READING in header else None


def _written(path: Path) -> Iterator[tuple[str, bytes]]:
    """Each line that is not blank, or each item of an array, with its place: ``line 3``, ``item 3``."""
    try:
        with open_file(path) as file:
            start = file.read(_LONGEST).removeprefix(codecs.BOM_UTF8).lstrip()
            file.seek(0)
            if start.startswith(b"["):
                yield from _items(path, file.read())
                return
            number = 0
            while line := file.readline(_LONGEST):
                number += 1
                line = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
                if not line.isspace():
                    yield f"line {number}", line
    except OSError as error:
        raise PatchError(f"{path} cannot be read: {error.strerror or error}.", "Name another file.") from error


def _items(path: Path, data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        items = json.loads(data.removeprefix(codecs.BOM_UTF8))
    except (ValueError, RecursionError) as error:
        raise _refused(path, "the array", f"it is not valid JSON ({error})") from None
    for number, item in enumerate(items, start=1):
        yield f"item {number}", json.dumps(item).encode()


def _refused(path: Path, place: str, why: str) -> PatchError:
    return PatchError(
        f"{path}, {place}: {why}. Nothing was applied.",
        "Apply a file that `auditor patch` has written, or correct it.",
    )
