"""One folder per class: ``reviews/joy/001.txt``, or ``train/joy/001.txt`` with folders for splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

import pyarrow as pa

from auditor.config import ReadConfig
from auditor.data.formats.files.room import check_room, room
from auditor.data.formats.files.tree import SPLIT_NAMES, Tree
from auditor.data.formats.text.encoding import decode
from auditor.data.formats.text.parallel import MAPPING, other_half
from auditor.data.source import Part
from auditor.errors import SourceError
from auditor.wording import counted, listed

TEXTS = {".txt", ".text", ""}
"""Extensions of files that contain a text."""


@dataclass(frozen=True)
class Classes:
    """Files of texts by split.

    Attributes
    ----------
    at : int
        Position of the class's folder in a path: 1 with folders for splits, else 0.
    splits : dict of str to list of str
        Paths by split; without folders for splits, the only split is ``""``.
    others : list of str
        Paths of files that are not texts of a class.
    """

    at: int
    splits: dict[str, list[str]]
    others: list[str]


def find_classes(paths: Iterable[str]) -> Classes | None:
    """Find the folders that are classes; None if there are none."""
    paths = list(paths)
    texts = [path for path in paths if PurePosixPath(path).suffix.lower() in TEXTS]
    parts = {path: PurePosixPath(path).parts for path in texts}
    splits = {names[0] for names in parts.values() if len(names) > 2 and names[0].casefold() in SPLIT_NAMES}
    found: dict[str, list[str]] = {}
    for path, names in parts.items():
        if len(names) > 1 + bool(splits) and (not splits or names[0] in splits):
            found.setdefault(names[0] if splits else "", []).append(path)
    chosen = {path for paths_of_split in found.values() for path in paths_of_split}
    if not chosen or all(map(_is_dataset, chosen)):
        return None
    return Classes(int(bool(splits)), found, [path for path in paths if path not in chosen])


def _is_dataset(path: str) -> bool:
    """Return whether a file is named like a dataset rather than like a text."""
    name = PurePosixPath(path)
    return name.stem.casefold() in SPLIT_NAMES or name.name.casefold() == MAPPING or other_half(name.name) is not None


def class_parts(
    tree: Tree, classes: Classes, name: str, config: ReadConfig, within: str = ""
) -> list[tuple[str, Callable[[str], Part]]]:
    """Return the splits with their readers.

    Parameters
    ----------
    tree : Tree
    classes : Classes
        Classes in the tree.
    name : str
        Name of the split, if there are no folders for splits.
    config : ReadConfig
    within : str
        Prefix of all paths, if there are several trees.
    """
    return [
        (f"{within}{split}" if split else name, partial(_part, tree, paths, classes.at, within, config))
        for split, paths in classes.splits.items()
    ]


def ignored(tree: Tree, classes: Classes) -> list[str]:
    """Return a note on the files of a tree that are not texts."""
    if not classes.others:
        return []
    kinds = Counter(PurePosixPath(path).suffix.lower() or "no extension" for path in classes.others)
    extensions = listed([f"{kind} ({number:,})" for kind, number in kinds.most_common()])
    return [
        f"{tree.path.name}: ignored {counted(len(classes.others), 'file')}, not .txt in a class's folder:"
        f" {extensions}.",
    ]


def _part(tree: Tree, paths: Sequence[str], at: int, within: str, config: ReadConfig, split: str) -> Part:
    """Read the texts of a split.

    Raises
    ------
    SourceError
        If they do not fit into memory, or one is not in the encoding.
    """
    name, most, taken = str(tree.path), room(), 0
    check_room(sum(tree.sizes[path] for path in paths), name, most)
    raw, texts = [], []
    for path in paths:
        _check_name(path, tree)
        data = tree.read(path)
        taken += len(data)
        check_room(taken, name, most)
        raw.append(data)
        texts.append(decode(data, config.encoding, tree.name(path)).data.decode())
    table = pa.table(
        {
            "text": pa.array(texts, pa.large_string()),
            "label": pa.array([path.split("/")[at] for path in paths], pa.string()),
            "file": pa.array([within + path for path in paths], pa.large_string()),
        }
    )
    about = {**tree.about, "format": "folders", "class_at": at + bool(within)}
    return Part(split, table, about, raw=pa.chunked_array([pa.array(raw, pa.large_binary())]))


def _check_name(path: str, tree: Tree) -> None:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise SourceError(
            f"{path.encode('utf-8', 'backslashreplace').decode()} in {tree.path.name} has a name that is not UTF-8.",
            "Rename the file or folder.",
        ) from None
