"""Packing: compress files by their names, with equal bytes for equal rows (no varying names or times)."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import stat
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from auditor.formats import packing_of

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""Earliest time that a zip file can hold."""


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a file for writing, compressed if its name says so."""
    packing = packing_of(path)
    with ExitStack() as stack:
        if packing == ".zip":
            archive = stack.enter_context(zipfile.ZipFile(path, "w"))
            yield stack.enter_context(archive.open(entry(path.stem), "w", force_zip64=True))
            return
        file: Any = stack.enter_context(path.open("wb"))
        if packing == ".gz":
            file = stack.enter_context(gzip.GzipFile("", "wb", 6, file, mtime=0))
        elif packing == ".bz2":
            file = stack.enter_context(bz2.BZ2File(file, "wb"))
        elif packing == ".xz":
            file = stack.enter_context(lzma.LZMAFile(file, "wb"))
        yield file


def pack(folder: Path, path: Path) -> None:
    """Put all files of a folder into an archive."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(member for member in folder.rglob("*") if member.is_file()):
            with (
                file.open("rb") as source,
                archive.open(entry(file.relative_to(folder).as_posix()), "w", force_zip64=True) as sink,
            ):
                shutil.copyfileobj(source, sink)


def entry(name: str) -> zipfile.ZipInfo:
    """Return the entry of a file in an archive."""
    about = zipfile.ZipInfo(name, _LONG_AGO)
    about.compress_type = zipfile.ZIP_DEFLATED
    about.create_system = 3  # Unix, on every system
    about.external_attr = (stat.S_IFREG | 0o644) << 16
    return about
