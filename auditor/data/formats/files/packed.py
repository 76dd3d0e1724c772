"""Compressed files and archives, unpacked into memory within its limits."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import stat
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from auditor.data.formats.files.room import check_room, room
from auditor.data.formats.text.sniff import HEAD, check_is_data
from auditor.errors import InputError, SourceError
from auditor.formats import FORMATS, PACKED, packing_of, suffix_of
from auditor.storage import open_file
from auditor.wording import counted, listed

MOST_FILES = 1_000_000
"""Most files in an archive or a folder."""
_PART = 1 << 24
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""Compression methods that Python decompresses in pieces of a chosen size."""
_JUNK = {"__MACOSX", "Thumbs.db", "desktop.ini"}
"""Files that systems leave in folders and archives, besides names that begin with a dot."""
_ENCRYPTED = 1
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def read_bytes(path: Path) -> bytes:
    """Read a file, decompressed if its name says so; of an archive, read its only data file.

    Raises
    ------
    SourceError
        If it cannot be read, is damaged, does not fit into memory, or contains several files.
    """
    if packing_of(path) == ".zip":
        archive = open_archive(path)
        names = [name for name in archive.sizes if suffix_of(Path(name)) in FORMATS] or [*archive.sizes]
        if len(names) != 1:
            raise SourceError(
                f"{path} contains {counted(len(names), 'file')}; expected one: {listed(names) or 'none'}.",
                "Unpack it and choose one of them.",
            )
        return archive.read(names[0])
    with _reading(path), open_file(path) as file:
        check_is_data(os.pread(file.fileno(), HEAD, 0), path)  # not file.read, which would cause a full copy later
        data = _unpacked(file, path, str(path))
    check_is_data(data[:HEAD], path)
    return data


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise SourceError(f"{path} cannot be read: {reason}.", "Check the file and its permissions.") from None


def _unpacked(file: BinaryIO, named: Path, name: str) -> bytes:
    """Read a whole file, decompressed as its name says."""
    most, packing = room(), packing_of(named)
    if packing not in (".gz", ".bz2", ".xz"):
        check_room(os.fstat(file.fileno()).st_size, name, most)
        return file.read()
    try:
        if packing == ".gz":
            with gzip.GzipFile(fileobj=file) as unpacked:
                return _whole(iter(partial(unpacked.read, _PART), b""), name, most)
        return _whole(_streams(file, packing, most), name, most)
    except InputError:
        raise
    except Exception as error:  # each format raises its own errors for damage
        raise _no_whole(name, PACKED[packing], error) from None


def _streams(file: BinaryIO, packing: str, most: int) -> Iterator[bytes]:
    """Decompress stream by stream; Python's own file classes silently stop at a damaged one."""
    packed = b""
    while packed := packed or file.read(_PART):
        stream = bz2.BZ2Decompressor() if packing == ".bz2" else lzma.LZMADecompressor(memlimit=max(most, _PART))
        while not stream.eof:
            if stream.needs_input and not (packed := packed or file.read(_PART)):
                raise EOFError("it is truncated")
            yield stream.decompress(packed, _PART)
            packed = b""
        packed = stream.unused_data.lstrip(b"\0")  # padding of disk and tape blocks


def _no_whole(name: str, kind: str, error: Exception) -> SourceError:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
    return SourceError(f"{name} is not a valid {kind} file: {reason}.", "Re-create or download it again.")


def _whole(parts: Iterable[bytes], name: str, most: int) -> bytes:
    """Join the parts of a file, up to the limit."""
    kept, taken = [], 0
    for part in parts:
        taken += len(part)
        check_room(taken, name, most)
        kept.append(part)
    return b"".join(kept)


class Archive:
    """A ``.zip`` file in memory, checked before anything is unpacked.

    Attributes
    ----------
    name : str
        Name in messages.
    sizes : dict of str to int
        Unpacked bytes of each file, by its path in the archive, without system files.
    """

    def __init__(self, data: bytes, name: str) -> None:
        self.name = name
        try:
            self.zip = zipfile.ZipFile(io.BytesIO(data))
            members = self.zip.infolist()
        except Exception as error:  # malformed files can raise any error
            raise _no_whole(name, "zip", error) from None
        if len(members) > MOST_FILES:
            raise SourceError(
                f"{name} contains {len(members):,} files; at most {MOST_FILES:,} are supported.", "Choose a part of it."
            )
        self._members: dict[str, zipfile.ZipInfo] = {}
        for member in members:
            path = self._checked(member)
            if member.is_dir() or path.endswith("/") or is_junk(path):
                continue
            if path in self._members:
                raise self._refused(member, "occurs twice")
            self._members[path] = member
        self.sizes = {path: member.file_size for path, member in self._members.items()}

    def read(self, path: str) -> bytes:
        """Unpack a file, which may itself be compressed, such as ``train.csv.gz``."""
        name, most = f"{path} in {self.name}", room()
        check_room(self.sizes[path], name, most)
        try:
            with self.zip.open(self._members[path]) as file:
                data = _whole(iter(partial(file.read, _PART), b""), name, most)
        except InputError:
            raise
        except Exception as error:
            raise _no_whole(self.name, "zip", error) from None
        packing = packing_of(Path(path))
        data = _unpacked(io.BytesIO(data), Path(path), name) if packing and packing != ".zip" else data
        check_is_data(data[:HEAD], name)
        return data

    def _checked(self, member: zipfile.ZipInfo) -> str:
        """Refuse anything that does not belong in an archive of data. Return the path of a valid file."""
        path = member.filename.replace("\\", "/")
        if path.startswith("/") or re.match(r"[A-Za-z]:", path) or ".." in path.split("/"):
            raise self._refused(member, "would be unpacked outside its folder")
        if _CONTROL.search(path):
            raise self._refused(member, "has control characters in its name")
        if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise self._refused(member, "is a link or a device, not a file")
        if member.flag_bits & _ENCRYPTED:
            raise self._refused(member, "is encrypted", "Unpack it with its password and choose the files.")
        if member.compress_type not in _METHODS:
            raise self._refused(member, "has an unsupported compression", "Unpack it and choose the files.")
        return path

    def _refused(self, member: zipfile.ZipInfo, why: str, todo: str = "Do not trust it; re-create it.") -> SourceError:
        return SourceError(f"{self.name} is refused: its entry {member.filename[:80]!r} {why}.", todo)


def open_archive(path: Path) -> Archive:
    """Read a ``.zip`` file and check its directory.

    Raises
    ------
    SourceError
        If it cannot be read, or contains paths that lead outside, links, or encrypted files.
    """
    with _reading(path), open_file(path) as file:
        check_room(os.fstat(file.fileno()).st_size, str(path), room())
        check_is_data(file.read(HEAD), path)
        file.seek(0)
        return Archive(file.read(), str(path))


def is_junk(path: str) -> bool:
    """Return whether a path is of a hidden file or a system file."""
    return any(part.startswith(".") or part in _JUNK for part in PurePosixPath(path).parts)
