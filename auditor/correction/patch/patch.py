"""Patch: the changes to a dataset, one per line, which apply to the original or a newer version of it."""

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
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)

from auditor.config import ReadConfig
from auditor.correction.decide.certified import CertificateRecord
from auditor.correction.decide.corrections import Corrections
from auditor.errors import ExportError, InputError, PatchError
from auditor.review.log.event import Moment, Reviewer, Verdict, item_hash
from auditor.review.log.parts import ItemHash
from auditor.run.overwriting import NO_SOURCES, Sources, check_file
from auditor.storage import open_file, replacing, storage_errors
from auditor.tabular import json_array
from auditor.validation import first_fault

_READING = "reading"
"""Field of the header line."""
_MAX_LINE = 4_000_000
"""Maximum bytes of a line, more than any change has: a file without line ends must not fill the memory."""

_EXTENSIONS = {".jsonl", ".ndjson", ".json", ""}
Name = Annotated[str, Field(max_length=100_000)]
"""An id, a split or a label."""
Count = Annotated[int, Field(ge=1, le=2**31)]


class ChangeCertificate(BaseModel):
    """Certificate of a change that was made in bulk: of the changes with this plan, few enough are wrong."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    plan: Annotated[str, Field(max_length=64)]
    wrong_at_most: Annotated[float, Field(gt=0, lt=1)]
    confidence: Annotated[float, Field(gt=0, lt=1)]


class Change(BaseModel):
    """Change of one row: a line of a patch.

    Attributes
    ----------
    id, split : str
        Id and split of the row in the audited dataset.
    hash : str
        :func:`auditor.review.log.event.item_hash` of its text and given label.
    text_hash : str
        :func:`text_hash` of its text.
    old : str
        Name of its given label.
    new : str or None
        Name of its new label; None if the row is left out.
    verdict : str or None
        Majority verdict, or ``tie``; None if nobody has judged the row, and the policy takes the suggested label or
        drops the row; or if a class was renamed, merged or left out.
    reviewers : tuple of str
    decided_at : datetime or None
        Time of the last decision.
    new_class : bool
        Whether the dataset lacks the class ``new``.
    copies, copies_elsewhere : dict of str to int
        Given labels of the rows with the same text, in the split (including this row) and in other splits. They show
        whether the text identifies the row.
    certificate : ChangeCertificate or None
        Certificate that covers the change; None for changes that people decided one by one.
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
    certificate: ChangeCertificate | None = None

    @model_serializer(mode="wrap")
    def _without_empty_certificate(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Omit a missing certificate, which earlier versions do not know."""
        fields: dict[str, Any] = handler(self)
        return fields if self.certificate else {name: value for name, value in fields.items() if name != "certificate"}

    @property
    def has_generated_id(self) -> bool:
        """Whether the id looks as if it was made from split and row number."""
        return re.fullmatch(re.escape(self.split) + "-[0-9]+", self.id) is not None

    @model_validator(mode="after")
    def _fits_its_verdict(self) -> Self:
        if self.new == self.old:
            raise ValueError("old and new are the same label")
        if self.new is None and (self.verdict == "relabel" or self.new_class):
            raise ValueError("relabel and new_class need a label in new")
        if self.new is not None and self.verdict not in ("relabel", "none_fits", None):
            raise ValueError(f"{self.verdict} has no new label")
        if self.verdict == "keep":
            raise ValueError("keep changes nothing")
        if len({self.verdict is None, not self.reviewers, self.decided_at is None}) > 1:
            raise ValueError("expected all of verdict, reviewers and decided_at, or none")
        if self.old not in self.copies:
            raise ValueError("copies must count the row itself")
        return self


def text_hash(text: str) -> str:
    """Hash a text: 32 hexadecimal digits of a SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def make_patch(corrections: Corrections) -> tuple[Change, ...]:
    """Return the changes of rows that are relabelled or left out, in the order of the dataset.

    With ``policy.verdicts``, only rows with one of these verdicts. Rows set aside by ``--drop-invalid`` are
    unchanged, and in no patch.

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
    by_class = (corrections.changed_by_class | corrections.excluded_by_class)[touched].tolist()
    rows = zip(np.flatnonzero(touched).tolist(), by_class, values, strict=True)
    return tuple(_change(corrections, row, about, copies[about["text"]], alone) for row, alone, about in rows)


def _change(
    corrections: Corrections, row: int, about: dict[str, Any], copies: dict[str, Counter[str]], by_class: bool
) -> Change:
    texts, outcome = corrections.texts, corrections.outcomes.by_row.get(row)
    old, code, kept = texts.label_names[about["label"]], int(corrections.label[row]), bool(corrections.kept[row])
    if by_class:
        outcome = None  # the verdict is not why the row changes
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
            certificate=_certificate(corrections.certificate_of.get(row)),
        )
    except ValidationError as error:
        raise ExportError(
            f"Row {about['id'][:60]!r} does not fit in a patch: {first_fault(error, Change)}.",
            "Export the corrected dataset instead.",
        ) from None


def _certificate(record: CertificateRecord | None) -> ChangeCertificate | None:
    if record is None or not record.holds:
        return None
    return ChangeCertificate(plan=record.plan, wrong_at_most=record.wrong_at_most, confidence=record.confidence)


def _count_copies(
    table: pa.Table, changed: Sequence[dict[str, Any]], label_names: Sequence[str]
) -> dict[str, dict[str, Counter[str]]]:
    """Count the labels of all rows with each changed text: text → split → label → rows."""
    texts = pa.array({about["text"] for about in changed}, pa.string())
    alike = table.filter(pc.is_in(table["text"], value_set=texts))
    columns = (alike[name].to_pylist() for name in ("text", "split", "label"))
    counts: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for text, split, label in zip(*columns, strict=True):
        counts[text][split][label_names[label]] += 1
    return counts


def write_patch(
    changes: Iterable[Change],
    to: Path,
    *,
    force: bool = False,
    reading: Mapping[str, Any] | None = None,
    sources: Sources = NO_SOURCES,
) -> Path:
    """Write one JSON object per line, or one array to ``.json``. :func:`read_patch` reads both.

    A header line records how the dataset was read, if not by defaults: ``{"reading": {"annotator": "rater"}}``, with
    options of :class:`auditor.config.ReadConfig`.

    Raises
    ------
    ExportError
        If the extension is not ``.jsonl``, ``.ndjson``, ``.json`` or empty. If the file exists, and ``force`` is not
        set or the file is not a patch. If it is the source (``sources``) or belongs to a run.
    StorageError
        If the disk is full or cannot be written to.
    """
    to = Path(os.path.expanduser(to))
    if to.suffix.lower() not in _EXTENSIONS:
        raise ExportError(f"{to} has the unknown extension {to.suffix!r}.", "Name a .jsonl or .json file.")
    is_own = _is_patch(to)
    check_file(to, sources, force=force, is_own=is_own)
    if os.path.lexists(to) and not is_own:
        raise ExportError(f"{to} is not a patch and is not overwritten.", "Name another file, or remove this one.")
    header = [[json.dumps({_READING: reading}, ensure_ascii=False)]] if reading else []
    batches = chain(header, ([change.model_dump_json()] for change in changes))
    lines = json_array(batches) if to.suffix.lower() == ".json" else batches
    with storage_errors(to, "Name another file with --to, or free disk space."):
        to.parent.mkdir(parents=True, exist_ok=True)
        with replacing(to) as file:
            file.writelines(line.encode() + b"\n" for batch in lines for line in batch)
    return to


def _is_patch(path: Path) -> bool:
    try:
        read_patch(path)
        return True
    except PatchError:
        return False


def read_patch(path: Path) -> tuple[Change, ...]:
    """Read the changes of a patch strictly. :func:`read_reading` reads its header.

    Raises
    ------
    PatchError
        If the file cannot be read, a line is not a change, or two lines concern the same row.
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
            raise _refused(path, place, f"row {change.id[:60]!r} is already in {before}")
        changes.append(change)
    return tuple(changes)


def read_reading(path: Path) -> ReadConfig:
    """Read the reading options from a patch's header. Other options stay unset.

    Raises
    ------
    PatchError
        If the file cannot be read, or its header names an unknown option.
    """
    place, written = next(_written(path), ("", b""))
    options = _header(written)
    if options is None:
        return ReadConfig()
    try:
        return ReadConfig(**options)
    except (InputError, TypeError) as error:
        reason = error.what.rstrip(".") if isinstance(error, InputError) else "reading: expected an object"
        raise _refused(path, place, reason) from None


def _header(written: bytes) -> Any:
    """Return the reading options in a line; None if the line is not a header."""
    try:
        header = json.loads(written)
    except (ValueError, RecursionError):
        return None
    return header[_READING] if isinstance(header, dict) and _READING in header else None


def _written(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield each line that is not blank, or each item of an array, with its place: ``line 3``, ``item 3``."""
    try:
        with open_file(path) as file:
            start = file.read(_MAX_LINE).removeprefix(codecs.BOM_UTF8).lstrip()
            file.seek(0)
            if start.startswith(b"["):
                yield from _items(path, file.read())
                return
            number = 0
            while line := file.readline(_MAX_LINE):
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


def _refused(path: Path, place: str, reason: str) -> PatchError:
    return PatchError(
        f"{path}, {place}: {reason}. Nothing was applied.",
        "Apply a file written by `auditor patch`, or correct it.",
    )
