"""Data in the files of a folder: texts beside labels, and a folder a class."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

from made import LABELS, Made, pairs

_BETWEEN, _END = "\0", "\1"
"""What stands between the pieces of a row, and after it; no text holds it."""
_RECORDS = {"export.json", "excluded.csv"}


def parallel(chance: random.Random) -> Made:
    """``train_text.txt``, ``train_labels.txt`` and ``mapping.txt``, as TweetEval has them."""
    found = pairs(chance, '\t;"')
    ends = chance.choice(["\n", "\r\n"]), chance.choice(["\n", "\r\n"])
    named = chance.random() < 0.7
    codes = {name: str(code) if named else name for code, name in enumerate(LABELS)}
    head = "".join(f"{code}\t{name}\n" for name, code in codes.items()) if named else ""
    rows = [f"{text}{ends[0]}{_BETWEEN}{codes[label]}{ends[1]}{_END}" for text, label in found]
    if chance.random() < 0.3:
        rows[-1] = rows[-1].replace(ends[0] + _BETWEEN, _BETWEEN)
    if chance.random() < 0.3:
        rows[-1] = rows[-1].replace(ends[1] + _END, _END)

    def store(folder: Path, data: bytes) -> None:
        folder.mkdir()
        mapping, *lines = data.decode().split(_END)
        lines.pop()
        columns = zip(*(line.split(_BETWEEN) for line in lines), strict=True)
        for role, column in zip(("text", "labels"), columns, strict=True):
            (folder / f"train_{role}.txt").write_bytes("".join(column).encode())
        if mapping:
            (folder / "mapping.txt").write_bytes(mapping.encode())

    def load(folder: Path) -> bytes:
        texts, labels = (
            re.findall(r"[^\n]*\n|[^\n]+", (folder / f"train_{role}.txt").read_bytes().decode())
            for role in ("text", "labels")
        )
        mapping = folder / "mapping.txt"
        begun = (mapping.read_bytes().decode() if mapping.exists() else "") + _END
        rows = [text + _BETWEEN + label + _END for text, label in zip(texts, labels, strict=True)]
        return (begun + "".join(rows)).encode()

    def relabel(row: str, old: str, new: str) -> str:
        return row.replace(_BETWEEN + codes[old], _BETWEEN + codes[new])

    return Made("tweets", head + _END, rows, found, config={}, relabel=relabel, store=store, load=load)


def class_folders(chance: random.Random) -> Made:
    """A folder a class, with a file a text; sometimes below a folder a split."""
    splits = chance.choice([("",), ("test/", "train/")])
    names = ["{}.txt", "{}.TXT", "deep/{}.txt", "text {}"]
    files = [
        (chance.choice(splits), label, chance.choice(names).format(at), text + chance.choice(["", "\n", "\r\n"]))
        for at, (text, label) in enumerate(pairs(chance, '\n\t"'))
    ]
    files += [(split, label, f"more-{split[:-1]}-{label}.txt", label) for split in splits for label in LABELS[:2]]
    files.sort(key=lambda file: (file[0], f"{file[1]}/{file[2]}"))
    rows = [_BETWEEN.join((split + label, name, text)) + _END for split, label, name, text in files]

    def store(folder: Path, data: bytes) -> None:
        for row in data.decode().split(_END)[:-1]:
            within, name, text = row.split(_BETWEEN)
            (folder / within / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / within / name).write_bytes(text.encode())

    def load(folder: Path) -> bytes:
        made = b""
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in _RECORDS):
            name = path.relative_to(folder).as_posix()
            at = 2 if splits[0] else 1
            within, rest = "/".join(name.split("/")[:at]), "/".join(name.split("/")[at:])
            made += (_BETWEEN.join((within, rest)) + _BETWEEN).encode() + path.read_bytes() + _END.encode()
        return made

    def relabel(row: str, old: str, new: str) -> str:
        within, name, text = row.split(_BETWEEN)
        return _BETWEEN.join((within.removesuffix(old) + new, name, text))

    found = [(text, label) for _, label, _, text in files]
    return Made("reviews", "", rows, found, config={}, relabel=relabel, store=store, load=load, in_order=False)


FOLDERS: dict[str, Callable[[random.Random], Made]] = {
    "texts beside labels": parallel,
    "a folder a class": class_folders,
}
