"""Read, relabel, export and patch thousands of files in every style, and count what is lost or changed.

    python reports/reading/measure.py [--files 10000] [--seed 0] [--only KIND]

Each file is made from rows whose texts and labels are known. It is read, exported without decisions, exported with one
row relabelled, and corrected by a patch. Counted are rows that were not read as they were meant, bytes that nobody
changed and that an export changed all the same, and labels of other rows that the relabelling changed.
"""

from __future__ import annotations

import argparse
import bz2
import gzip
import io
import json
import lzma
import random
import shutil
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from annotated import TOOLS
from folders import FOLDERS
from made import LABELS, Made, Pair, pairs, replaced
from sheets import workbook

from auditor.config import ReadConfig
from auditor.correction.decide.corrections import Corrections, Suggestions, correct
from auditor.correction.decide.outcome import find_outcomes
from auditor.correction.decide.policy import Policy
from auditor.correction.export.export import write_export
from auditor.correction.patch.apply import apply
from auditor.correction.patch.patch import make_patch
from auditor.data import LabeledTexts, read
from auditor.review.log.event import Event, item_hash

HERE = Path(__file__).parent
T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    options = parser.parse_args()
    kinds = [options.only] if options.only else list(KINDS)
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in kinds}
    began = time.perf_counter()
    with ProcessPoolExecutor(mp_context=get_context("forkserver")) as pool:
        chosen = [kinds[number % len(kinds)] for number in range(options.files)]
        measure = partial(measured_file, seed=options.seed)
        for kind, found in zip(chosen, pool.map(measure, range(options.files), chosen, chunksize=20), strict=True):
            counts[kind] += found
    found = {kind: dict(counter) for kind, counter in counts.items()}
    seconds = round(time.perf_counter() - began)
    options.out.write_text(json.dumps({"seed": options.seed, "seconds": seconds, "kinds": found}, indent=1) + "\n")
    print(table(found))


def measured_file(number: int, kind: str, seed: int) -> Counter[str]:
    """Make a file by seed, and count what is lost or changed; one that fails is refused, and shown."""
    chance = random.Random(f"{seed}-{number}")
    made = KINDS[kind](chance)
    counts = Counter({"files": 1, "rows": len(made.pairs)})
    with tempfile.TemporaryDirectory() as folder:
        try:
            return counts + measured(made, Path(folder), chance)
        except Exception:
            traceback.print_exc(limit=-1)
            print(kind, number, made.bytes_of(made.rows)[:600])
            return counts + Counter({"refused": 1})


def table(found: dict[str, dict[str, int]]) -> str:
    columns = ("files", "rows", "refused", "rows lost", "bytes changed", "labels changed")
    lines = ["| kind | " + " | ".join(columns) + " |", "|---" * (1 + len(columns)) + "|"]
    total: Counter[str] = Counter()
    for kind, counter in found.items():
        lines.append(f"| {kind} | " + " | ".join(f"{counter.get(name, 0):,}" for name in columns) + " |")
        total.update(counter)
    return "\n".join([*lines, "| **all** | " + " | ".join(f"{total[name]:,}" for name in columns) + " |"])


def measured(made: Made, place: Path, chance: random.Random) -> Counter[str]:
    """What is lost or changed on the way, counted."""
    counts: Counter[str] = Counter()
    path, out = place / made.name, place / f"out-{made.name}"
    made.store(path, made.bytes_of(made.rows))
    config = ReadConfig(**made.config)

    def changed(found: Path, rows: list[str]) -> int:
        expected = found.with_name(f"expected-{found.name}")
        shutil.rmtree(expected, ignore_errors=True)
        made.store(expected, made.bytes_of(rows))
        return different(made.load(found), made.load(expected))

    texts = read(path, config)
    counts["rows lost"] += different(*in_order(made, pairs_of(texts), made.pairs))
    write_export(corrected(texts, {}), out)
    counts["bytes changed"] += changed(out, made.rows)
    row = chance.randrange(len(texts))
    old = texts.label_names[texts.labels[row]]
    new = chance.choice([name for name in texts.label_names if name != old])
    corrections = corrected(texts, {row: new})
    write_export(corrections, out, force=True)
    rows = list(made.rows)
    rows[row] = (made.relabel or replaced)(rows[row], old, new)
    counts["bytes changed"] += changed(out, rows)
    expected = [(text, new if at == row else label) for at, (text, label) in enumerate(made.pairs)]
    counts["labels changed"] += different(*in_order(made, pairs_of(read(out, config)), expected))
    patched = place / f"patched-{made.name}"
    write_export(apply([make_patch(corrections)], read(path, config)).corrections, patched)
    counts["bytes changed"] += different(made.load(patched), made.load(out))
    return counts


def pairs_of(texts: LabeledTexts) -> list[Pair]:
    return [(text, texts.label_names[code]) for text, code in zip(texts.texts, texts.labels, strict=True)]


def in_order(made: Made, *pairs: list[Pair]) -> Iterator[list[Pair]]:
    yield from pairs if made.in_order else map(sorted, pairs)


def different(found: Sequence[T], expected: Sequence[T]) -> int:
    return sum(left != right for left, right in zip(found, expected, strict=False)) + abs(len(found) - len(expected))


def corrected(texts: LabeledTexts, changes: dict[int, str]) -> Corrections:
    """Corrections as one reviewer makes them."""
    nothing = np.full(len(texts), np.nan, np.float32)
    rows = texts.table.select(["id", "text", "label"]).take(pa.array(list(changes), pa.int64())).to_pylist()
    events = [
        Event(
            event_id=f"event-{row}",
            run_id="run",
            kind="decide",
            item_id=values["id"],
            item_hash=item_hash(values["text"], texts.label_names[values["label"]]),
            reviewer="ann",
            verdict="relabel",
            new_labels=(label,),
            at=datetime(2026, 1, 1, tzinfo=UTC),
            source="queue",
        )
        for (row, label), values in zip(changes.items(), rows, strict=True)
    ]
    suggestions = Suggestions(np.full(len(texts), -1, np.int32), nothing, nothing)
    return correct(texts, find_outcomes(texts, events), Policy(), suggestions)


# -- CSV ----------------------------------------------------------------------------------------------------------


def quoted(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def needs(value: str, delimiter: str) -> bool:
    return any(character in value for character in (delimiter, '"', "\n", "\r"))


def csv_file(
    chance: random.Random,
    *,
    delimiter: str = ",",
    quote: Callable[[random.Random, str, str], bool] = lambda _, value, delimiter: needs(value, delimiter),
    ends: tuple[str, ...] = ("\n",),
    blank: tuple[str, ...] = ("",),
    header: tuple[str, ...] = ("id", "text", "label"),
    first: str = "",
    name: str = "rows.csv",
    encoding: str = "utf-8",
    tail: str | None = None,
) -> Made:
    found = pairs(chance, ',\t;|\n"' if name.endswith("csv") else ',;|\n"')

    def line(values: list[str]) -> str:
        fields = [quoted(value) if quote(chance, value, delimiter) else value for value in values]
        return delimiter.join(fields) + chance.choice(ends)

    others = header[3:]
    rows = [
        chance.choice(blank) + line([str(at), words, label, *(chance.choice(("", "n", "a b")) for _ in others)])
        for at, (words, label) in enumerate(found)
    ]
    if tail is None and chance.random() < 0.3 and len(ends) == 1:
        rows[-1] = rows[-1].removesuffix(ends[0])
    head = first + delimiter.join(header) + chance.choice(ends)
    return Made(name, head, rows, found, encoding=encoding, relabel=relabel_field(delimiter))


def relabel_field(delimiter: str) -> Callable[[str, str, str], str]:
    """Replace one field of a row, counted from its end where the text comes before it."""

    def relabel(row: str, old: str, new: str) -> str:
        for field_ in (delimiter + quoted(old), delimiter + old):
            at = row.rfind(field_)
            if at >= 0 and (row[at + len(field_) :][:1] in ("", delimiter, "\r", "\n")):
                return row[:at] + field_.replace(old, new) + row[at + len(field_) :]
        return replaced(row, old, new)

    return relabel


def sometimes(chance: random.Random, value: str, delimiter: str) -> bool:
    return needs(value, delimiter) or chance.random() < 0.5


def always(chance: random.Random, value: str, delimiter: str) -> bool:
    return True


def strings_only(chance: random.Random, value: str, delimiter: str) -> bool:
    return not value.isdecimal()


def escaped_csv(chance: random.Random) -> Made:
    found = pairs(chance, ',"')
    found[1] = ('say "so", they say', "sadness")
    rows = ['"' + words.replace("\\", "\\\\").replace('"', '\\"') + f'","{label}"\n' for words, label in found]
    return Made("rows.csv", "text,label\n", rows, found)


def spaced_csv(chance: random.Random) -> Made:
    found = pairs(chance, ',"')
    return Made("rows.csv", "text, label\n", [f'{quoted(words)}, "{label}"\n' for words, label in found], found)


def unquoted_tsv(chance: random.Random) -> Made:
    found = [(words.replace("\t", " "), label) for words, label in pairs(chance, '"')]
    found[1] = ('"' + found[1][0], found[1][1])
    found[3] = (found[3][0] + '"', found[3][1])
    return Made("rows.tsv", "text\tlabel\n", [f"{words}\t{label}\n" for words, label in found], found)


def no_header(chance: random.Random) -> Made:
    made = csv_file(chance, quote=always)
    config = {"header": False, "text": "column_2", "label": "column_3"}
    return Made(made.name, "", made.rows, made.pairs, config=config, relabel=made.relabel)


# -- lines --------------------------------------------------------------------------------------------------------


def lines(chance: random.Random) -> Made:
    found = pairs(chance, ";")
    end = chance.choice(["\n", "\r\n"])
    head = chance.choice(["", f"text;label{end}"])
    return Made("rows.txt", head, [f"{words};{label}{end}" for words, label in found], found)


# -- JSON ---------------------------------------------------------------------------------------------------------


def json_file(
    chance: random.Random,
    *,
    array: bool = False,
    spaces: tuple[str, ...] = (" ",),
    ascii_: bool = False,
    others: bool = False,
    wrap: Callable[[str], Any] = lambda label: label,
    twin: bool = False,
) -> Made:
    found = pairs(chance, '"\n\t,') + [("so it is", label) for label in LABELS * 2] * twin
    codes = {name: code for code, name in enumerate(LABELS)}
    strange: tuple[dict[str, Any], ...] = (
        {},
        {"meta": {}},
        {"n": 10**20},
        {"n": "n/a"},
        {"n": 0.50},
        {"label_": [1, {"label": None}]},
        {"n": [[], {}]},
    )

    def token(value: Any) -> str:
        return json.dumps(value, ensure_ascii=ascii_)

    def written(words: str, label: str) -> str:
        value = {"text": words, "label": wrap(label), **({"label_id": codes[label]} if twin else {})}
        value |= chance.choice(strange) if others else {}
        space = chance.choice(spaces)
        return "{" + ("," + space).join(f"{token(key)}:{space}{token(item)}" for key, item in value.items()) + "}"

    objects = [written(words, label) for words, label in found]

    def relabel(row: str, old: str, new: str) -> str:
        for space in spaces:
            row = row.replace(f'"label":{space}{token(wrap(old))}', f'"label":{space}{token(wrap(new))}')
            if twin:
                row = row.replace(f'"label_id":{space}{codes[old]}', f'"label_id":{space}{codes[new]}')
        return row

    if not array:
        return Made("rows.jsonl", "", [row + "\n" for row in objects], found, relabel=relabel)
    between = chance.choice([",", ", ", ",\n ", "\n, "])
    rows = [objects[0], *(between + row for row in objects[1:])]
    return Made("rows.json", chance.choice(["[", "[\n "]), rows, found, chance.choice(["]", "\n]\n"]), relabel=relabel)


# -- other layouts ------------------------------------------------------------------------------------------------


def fasttext(chance: random.Random) -> Made:
    found = [(words.replace("\n", " "), label.split()[0]) for words, label in pairs(chance, ",;")]
    end = chance.choice(["\n", "\r\n"])
    rows = [f"__label__{label} {words}{end}" for words, label in found]
    return Made("rows.txt", "", rows, found, relabel=lambda row, old, new: row.replace(old, new, 1))


def packed(ending: str, store: Callable[[bytes], bytes], load: Callable[[bytes], bytes]) -> Callable[..., Made]:
    def make(chance: random.Random) -> Made:
        made = csv_file(chance, quote=sometimes, ends=("\n", "\r\n"))
        return replace(
            made,
            name=made.name + ending,
            store=lambda path, data: path.write_bytes(store(data)),
            load=lambda path: load(path.read_bytes()),
        )

    return make


def zipped(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/rows.csv", data)
    return file.getvalue()


def unzipped(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        (name,) = archive.namelist()
        return archive.read(name)


def parquet(chance: random.Random) -> Made:
    def store(path: Path, data: bytes) -> None:
        rows = [json.loads(line) for line in data.decode().split("\n") if line]
        schema = pa.schema([("text", pa.string()), ("label", pa.dictionary(pa.int8(), pa.string())), ("n", pa.int16())])
        pq.write_table(pa.Table.from_pylist(rows, schema), path)

    def load(path: Path) -> bytes:
        table = pq.read_table(path)
        types = [str(type_) for type_ in table.schema.types]
        assert types == ["string", "dictionary<values=string, indices=int8, ordered=0>", "int16"], types
        return "".join(json.dumps(row) + "\n" for row in table.to_pylist()).encode()

    found = pairs(chance, '"\n\t')
    rows = [json.dumps({"text": text, "label": label, "n": at}) + "\n" for at, (text, label) in enumerate(found)]

    def relabel(row: str, old: str, new: str) -> str:
        return json.dumps({**json.loads(row), "label": new}) + "\n"

    return Made("rows.parquet", "", rows, found, relabel=relabel, store=store, load=load)


KINDS: dict[str, Callable[[random.Random], Made]] = {
    "CSV, quotes where needed": lambda chance: csv_file(chance),
    "CSV, all quoted": lambda chance: csv_file(chance, quote=always, ends=("\r\n",)),
    "CSV, strings quoted": lambda chance: csv_file(chance, quote=strings_only),
    "CSV, some quoted": lambda chance: csv_file(chance, quote=sometimes),
    "CSV, mixed line ends": lambda chance: csv_file(chance, quote=sometimes, ends=("\n", "\r\n", "\r")),
    "CSV, blank lines": lambda chance: csv_file(chance, quote=sometimes, blank=("", "\n", "  \n"), ends=("\n",)),
    "CSV, byte order mark": lambda chance: csv_file(chance, encoding="utf-8-sig", ends=("\r\n",)),
    "CSV, UTF-16": lambda chance: csv_file(chance, encoding="utf-16", quote=always),
    "CSV, semicolons": lambda chance: csv_file(chance, delimiter=";", quote=sometimes),
    "CSV, pipes": lambda chance: csv_file(chance, delimiter="|", quote=sometimes),
    "CSV, Excel's sep=": lambda chance: csv_file(chance, delimiter=";", first="sep=;\r\n", ends=("\r\n",)),
    "CSV, columns without a name": lambda chance: csv_file(chance, header=("", "text", "label", "", "")),
    "CSV, columns of one name": lambda chance: csv_file(chance, header=("id", "text", "label", "n", "n")),
    "CSV, no header": no_header,
    "CSV, backslashes": escaped_csv,
    "CSV, blanks after commas": spaced_csv,
    "TSV, quoted": lambda chance: csv_file(chance, delimiter="\t", name="rows.tsv", quote=sometimes),
    "TSV, nothing quoted": unquoted_tsv,
    "text;label lines": lines,
    "JSON Lines": lambda chance: json_file(chance),
    "JSON Lines, escaped": lambda chance: json_file(chance, ascii_=True),
    "JSON Lines, any spacing": lambda chance: json_file(chance, spaces=("", " ", "  ")),
    "JSON Lines, other values": lambda chance: json_file(chance, others=True),
    "JSON Lines, lists of one": lambda chance: json_file(chance, wrap=lambda label: [label]),
    "JSON Lines, twin of the label": lambda chance: json_file(chance, twin=True),
    "JSON array": lambda chance: json_file(chance, array=True),
    "fastText": fasttext,
    "CSV, gzip": packed(".gz", gzip.compress, gzip.decompress),
    "CSV, bzip2": packed(".bz2", bz2.compress, bz2.decompress),
    "CSV, xz": packed(".xz", lzma.compress, lzma.decompress),
    "CSV, zip": packed(".zip", zipped, unzipped),
    "Parquet": parquet,
    **FOLDERS,
    "Excel": workbook,
    **TOOLS,
    "JSON array, indented": lambda chance: json_file(chance, array=True, spaces=("\n  ",), others=True),
}

if __name__ == "__main__":
    main()
