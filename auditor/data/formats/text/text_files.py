"""Text files: bytes → rows, by the file's name, or by the contents of a ``.txt`` file."""

from __future__ import annotations

import json

from auditor.config import ReadConfig
from auditor.data.columns import LABEL_NAMES, TEXT_NAMES, plain
from auditor.data.formats.text.delimited import DELIMITERS, passed_sep, read_delimited, widths
from auditor.data.formats.text.dialect import Dialect, passed_blank
from auditor.data.formats.text.fasttext import is_fasttext, read_fasttext
from auditor.data.formats.text.jsonl import read_json
from auditor.data.formats.text.lines import is_header, read_lines
from auditor.data.source import Contents
from auditor.errors import ColumnError, SourceError

_SAMPLE = 200
_IN_WORDS = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}


def read_text(data: bytes, name: str, format_: str, config: ReadConfig) -> tuple[str, Contents]:
    """Read a text file.

    Parameters
    ----------
    data : bytes
        Valid UTF-8, not blank.
    name : str
        Name of the file in messages.
    format_ : str
        Format by name: ``csv``, ``tsv``, ``lines``, ``fasttext`` or ``jsonl``.
    config : ReadConfig

    Returns
    -------
    str, Contents
        The actual format (``lines`` may turn out as fastText, CSV or TSV, and ``jsonl`` as ``json``), and the rows.

    Raises
    ------
    SourceError, ColumnError, RowError
    """
    delimiter = "\t" if config.delimiter == "\\t" else config.delimiter
    if format_ == "jsonl":
        contents = read_json(data, name)
        return ("json" if contents.about["array"] else "jsonl"), contents
    if _is_json(data):
        raise SourceError(f"{name} contains JSON, not a table.", "Rename it so that it ends in .jsonl or .json.")
    if format_ in ("lines", "fasttext"):
        if is_fasttext(data):
            return "fasttext", read_fasttext(data, name)
        found = find_delimiter(data, delimiter, header=config.header and not config.columns)
        if found is None:
            return "lines", read_lines(data, name, delimiter)
        contents = _read_table(data, name, found, config)
        note = f"{name}: read as a table with {_IN_WORDS.get(found, repr(found))} between columns."
        contents = Contents(contents.table, contents.raw, contents.about, (note, *contents.notes))
        return ("tsv" if found == "\t" else "csv"), contents
    return format_, _read_table(data, name, delimiter, config)


def find_delimiter(data: bytes, delimiter: str | None = None, *, header: bool = True) -> str | None:
    """Detect the delimiter of a ``.txt`` table; None if the file has ``text;label`` lines.

    A table has the same number of fields in each of its first rows, and usual column names in the first, which are
    optional with tabs or if ``header`` is false. If ``delimiter`` is passed, only this one is tried.
    """
    place, named = passed_sep(data)
    if named is not None:
        return delimiter or named
    first = [line for line in data[: 1 << 16].splitlines()[:_SAMPLE] if line.strip()]
    are_lines = all((delimiter or ";").encode() in line for line in first)
    for cut in delimiter or "\t" + DELIMITERS.replace("\t", ""):
        for dialect in (Dialect(cut), Dialect(cut, quotes=False)):
            found = widths(data, place, dialect)
            if len({*found}) != 1 or found[0] < 2:
                continue
            row = dialect.cut(data, passed_blank(data, place, dialect))
            names = [plain(field.decode().strip('"')) for field in row[0]] if row else []
            if cut == (delimiter or ";") and len(names) == 2 and (is_header(*names) or not _are_usual(names)):
                continue
            if _are_usual(names) or ((cut == "\t" or not header) and not are_lines):
                return cut
    return None


def _are_usual(names: list[str]) -> bool:
    """Return whether the names include a usual name of a text column and of a label column."""
    texts = {name for name in names if name in TEXT_NAMES}
    labels = {name for name in names if name in LABEL_NAMES}
    return bool(texts and labels)


def _read_table(data: bytes, name: str, delimiter: str | None, config: ReadConfig) -> Contents:
    header = config.header and not config.columns
    try:
        return read_delimited(data, name, delimiter, quoting=config.quoting, header=header, columns=config.columns)
    except ColumnError as error:
        if data.lstrip()[:1] not in (b"[", b"{"):
            raise
        raise ColumnError(error.what, f"If it contains JSON, rename it to end in .json. {error.todo}") from None


def _is_json(data: bytes) -> bool:
    """Return whether the first line is a JSON object."""
    text = data[: 1 << 16].lstrip()
    line = text.partition(b"\n")[0].strip().removeprefix(b"[").removesuffix(b",").removesuffix(b"]")
    if not line.lstrip().startswith(b"{"):
        return False
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
