"""Files, folders and archives → parts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath

from auditor.config import ReadConfig
from auditor.data.formats.files.packed import read_bytes
from auditor.data.formats.files.tree import SPLIT_NAMES, Tree, given_tree, open_tree
from auditor.data.formats.tables.parquet import read_parquet
from auditor.data.formats.tables.saved import SAVED, saved_parts
from auditor.data.formats.tables.workbook import read_workbook
from auditor.data.formats.text.class_folders import class_parts, find_classes, ignored
from auditor.data.formats.text.encoding import decode_filled, line_end
from auditor.data.formats.text.parallel import MAPPING, find_pairs, other_half, parallel_parts
from auditor.data.formats.text.text_files import read_text
from auditor.data.source import Part, Source
from auditor.errors import SourceError
from auditor.formats import FORMATS, WHOLE, check_exists, packing_of, suffix_of, unknown_format
from auditor.storage import hash_file, kind_of
from auditor.wording import listed

Reader = Callable[[str], Part]
"""Reads a part, given the name of its split."""
_DESCRIBED = {"readme", "license", "licence", "copying", "changelog", "citation"}
"""Names of files that only describe the data."""


@dataclass(frozen=True)
class Given:
    """A path with its format and files.

    Attributes
    ----------
    path : Path
    format : str
    tree : Tree or None
        Files of a folder of data, or of an archive.
    files : tuple of str
        Files of the tree that are each read as ``format``.
    """

    path: Path
    format: str
    tree: Tree | None = None
    files: tuple[str, ...] = ()


def read_paths(paths: Sequence[Path], config: ReadConfig) -> Source:
    """Read files, ``save_to_disk`` folders, folders of data files, and archives of any of these.

    Splits are named after the files without extension if there are several files, or if a single file has a usual name
    of splits (``train``, ``val`` …); otherwise the only split is ``all``. A folder has its own splits.

    Raises
    ------
    SourceError
        If a path is missing, of an unknown format or unreadable, or the splits' names would not be unique.
    """
    paths = [Path(os.path.expanduser(path)) for path in paths]
    name = listed([path.name for path in paths], most=4)
    given = _given(paths)
    formats = {found.path.name: found.format for found in given}
    if len(set(formats.values())) > 1:
        kinds = listed([f"{name} ({format_})" for name, format_ in formats.items()])
        raise SourceError(f"The files have several formats: {kinds}.", "Choose files of one format.")
    format_ = given[0].format
    readers, notes = _readers(given, format_, config)
    splits = [split for split, _ in readers]
    _check_unique(splits)
    chosen = select(splits, config.split, name)
    parts = [read(split) for split, read in readers if split in chosen]
    found = {str(part.about.get("format", format_)): part.name for part in parts}
    if len(found) > 1:
        kinds = listed([f"{name} ({kind})" for kind, name in found.items()])
        raise SourceError(f"The files have several layouts: {kinds}.", "Choose files of one layout.")
    options = {"encoding": parts[0].about["encoding"]} if "encoding" in parts[0].about else {}
    return Source(name, next(iter(found)), tuple(parts), options, notes)


def select(splits: Sequence[str], wanted: Sequence[str], source: str) -> list[str]:
    """Return the chosen splits, or all if none is named.

    Raises
    ------
    SourceError
        If a split does not exist; the message lists those that do.
    """
    unknown = [split for split in wanted if split not in splits]
    if unknown:
        raise SourceError(
            f"{source} has no split {listed([repr(split) for split in unknown])}; it has {listed(splits)}.",
            "Choose one of these with --split, or omit it for all.",
        )
    return [split for split in splits if not wanted or split in wanted]


def format_of(path: Path) -> str:
    """Return a file's format by its name, or that of a folder or an archive by its contents.

    Raises
    ------
    SourceError
        If the path is missing, or its format unknown.
    """
    return _look_at(path).format


def _given(paths: Sequence[Path]) -> list[Given]:
    """Inspect all paths, and pair files of texts with files of labels."""
    names = {path.name: path for path in paths if not os.path.isdir(path)}
    halves = [path for path in names.values() if other_half(path.name) is not None]
    if len(paths) == 1:  # the other half is in the same folder
        halves += [path for half in halves if (path := half.with_name(str(other_half(half.name)))).is_file()]
    pairs = find_pairs(path.name for path in halves)
    if not pairs:
        return [_look_at(path) for path in paths]
    for path in [*paths, *halves]:
        check_exists(path)
    others = [path.name for path in paths if path not in halves and path.name.casefold() != MAPPING]
    alone = {path.name for path in halves} - {name for pair in pairs.values() for name in pair}
    if others or alone:
        raise SourceError(
            f"{listed(sorted([*others, *alone]))} cannot be combined with a file of texts and one of labels.",
            "Choose both files of each split, such as train_text.txt and train_labels.txt.",
        )
    mapping = names.get(MAPPING) or halves[0].with_name(MAPPING)
    tree = given_tree([*halves, *[mapping] * mapping.is_file()])
    return [Given(halves[0], "parallel", tree)]


def _look_at(path: Path) -> Given:
    check_exists(path)
    if os.path.isdir(path):  # unlike Path's own, false for a name that is too long
        if any((path / name).is_file() for name in SAVED):
            return Given(path, "arrow")
        return _look_into(open_tree(path))
    if not path.is_file():
        raise SourceError(f"{path} is {kind_of(path.stat().st_mode)}, not a file.", "Save its output to a file.")
    if packing_of(path) == ".zip":
        return _look_into(open_tree(path))
    format_ = FORMATS.get(suffix_of(path))
    if format_ is None or (format_ in WHOLE and packing_of(path)):
        raise unknown_format(path)
    return Given(path, format_)


def _look_into(tree: Tree) -> Given:
    """Find the data among the files of a folder or an archive; data files of a folder must be named one by one."""
    path, names = tree.path, [*tree.sizes]
    if find_pairs(name for name in names if "/" not in name):
        return Given(path, "parallel", tree)
    files = [name for name in names if suffix_of(Path(name)) in FORMATS]
    if "folder" in tree.about:
        if find_classes(names) is not None:
            return Given(path, "folders", tree)
        here = [name for name in files if "/" not in name]
        raise SourceError(
            f"{path} is neither a folder of datasets' save_to_disk nor a folder with a subfolder of texts for each"
            " class.",
            f"Choose files in it: {listed(here)}." if here else "Choose a file, or such a folder.",
        )
    tables = [name for name in files if FORMATS[suffix_of(Path(name))] != "lines"]
    if not tables and find_classes(names) is not None:
        return Given(path, "folders", tree)
    files = [name for name in tables or files if PurePosixPath(name).stem.casefold() not in _DESCRIBED]
    formats = {FORMATS[suffix_of(Path(name))] for name in files}
    if not files and len(names) == 1 and suffix_of(path) in FORMATS:
        files, formats = names, {FORMATS[suffix_of(path)]}
    if len(formats) != 1:
        raise SourceError(
            f"{path} contains {'files of several formats' if formats else 'no data file'}:"
            f" {listed(files or names) or 'nothing'}.",
            "Unpack it and choose the files to read.",
        )
    return Given(path, formats.pop(), tree, tuple(files))


def _readers(
    given: Sequence[Given], format_: str, config: ReadConfig
) -> tuple[list[tuple[str, Reader]], tuple[str, ...]]:
    """Return the splits with their readers, and notes on their trees."""
    trees = [found.tree for found in given if found.tree is not None]
    notes = [note for tree in trees for note in tree.notes]
    if format_ == "arrow":
        parts = [part for found in given for part in saved_parts(found.path)]
        return [(part.split, partial(_same, part)) for part in parts], ()
    if format_ == "parallel":
        if len(given) > 1:
            raise SourceError("There are several folders of parallel files.", "Choose one of them.")
        return parallel_parts(trees[0], config), tuple(notes)
    if format_ == "folders":
        readers = []
        for tree, split in zip(trees, _split_names([tree.path for tree in trees]), strict=True):
            classes = find_classes(tree.sizes)
            assert classes is not None
            within = f"{tree.path.name}/" if len(trees) > 1 else ""
            readers += class_parts(tree, classes, split, config, within)
            notes += ignored(tree, classes)
        return readers, tuple(notes)
    files = [(found, name) for found in given for name in found.files or ("",)]
    splits = _split_names([found.path / name if name else found.path for found, name in files])
    readers = [
        (split, partial(_read_file, found, name, config)) for split, (found, name) in zip(splits, files, strict=True)
    ]
    return readers, tuple(notes)


def _same(part: Part, split: str) -> Part:
    return part


def _stem(path: Path) -> str:
    """Return a file's name without extension; the extension may itself name the split: ``cooking.train``."""
    if os.path.isdir(path):
        return path.name
    name = path.name[: -len(packing)] if (packing := packing_of(path)) else path.name
    suffix = Path(name).suffix[1:]
    return suffix if suffix.casefold() in SPLIT_NAMES else Path(name).stem


def _split_names(paths: Sequence[Path]) -> list[str]:
    if len(paths) == 1:
        stem = _stem(paths[0])
        return [stem if stem.casefold() in SPLIT_NAMES else "all"]
    absolute = [path.resolve() for path in paths]
    namings: tuple[Callable[[Path], str], ...] = (
        _stem,
        lambda path: f"{path.parent.name}/{_stem(path)}",
        lambda path: path.name,
        lambda path: f"{path.parent.name}/{path.name}",
    )
    names = [[naming(path) for path in absolute] for naming in namings]
    unique = next((naming for naming in names if len(set(naming)) == len(naming)), names[-1])
    _check_unique(unique)
    return unique


def _check_unique(splits: Sequence[str]) -> None:
    repeated = sorted({split for split in splits if splits.count(split) > 1})
    if repeated:
        raise SourceError(
            f"Several files or folders would be the split {listed(repeated)}.",
            "Pass each file once, and give files different names.",
        )


def _read_file(given: Given, member: str, config: ReadConfig, split: str) -> Part:
    """Read a file, or one in an archive; its hash is computed after checking that it is finite."""
    path, tree = given.path, given.tree
    name = path.name if tree is None else PurePosixPath(member).name
    origin: Mapping[str, str]
    if given.format == "parquet":
        part = Part(split, read_parquet(path if tree is None else tree.read(member), name), {"format": "parquet"})
        origin = {"sha256": hash_file(path)} if tree is None else tree.about
    elif tree is None:
        data = read_bytes(path)
        with ThreadPoolExecutor(1) as thread:  # both are slow, and hashing releases the GIL
            sha256 = thread.submit(_sha256, path, data)
            part = _decoded(data, name, path, given.format, config, split)
        origin = {"sha256": sha256.result()}
    else:
        part = _decoded(tree.read(member), name, tree.name(member), given.format, config, split)
        origin = tree.about
    return replace(part, about={"file": name, **origin, **part.about})


def _sha256(path: Path, data: bytes) -> str:
    """Return the SHA-256 of a file with these unpacked contents."""
    return hash_file(path) if packing_of(path) else hashlib.sha256(data).hexdigest()


def _decoded(data: bytes, name: str, path: Path | str, format_: str, config: ReadConfig, split: str) -> Part:
    """Read a workbook, or a text file."""
    if format_ == "xlsx":
        header = config.header and not config.columns
        table, about, notes = read_workbook(data, name, config.sheet, header=header, columns=config.columns)
        return Part(split, table, {"format": format_, **about}, notes)
    decoded = decode_filled(data, config.encoding, path)
    format_, contents = read_text(decoded.data, name, format_, config)
    about = {"format": format_, "encoding": decoded.encoding, "marked": decoded.marked}
    about |= {"newline": line_end(decoded.data), "ended": decoded.data.endswith((b"\n", b"\r"))}
    notes = contents.notes
    if not decoded.exact:
        notes += (
            f"{name}: {decoded.encoding} can write some characters in several ways; an export uses the usual one.",
        )
    return Part(split, contents.table, {**about, **contents.about}, notes, contents.raw)
