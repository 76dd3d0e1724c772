"""Count what the house rules are about, in two states of the repository, and print the table of README.md.

python reports/house/measure.py [BEFORE [AFTER]]    # commits; default: the one before the rooms had suites, and HEAD
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tarfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

BEFORE = "1fa3549"
ARRAY = re.compile(r"^(\w+)(?:: TypeAlias)? = (npt\.NDArray\[.+\])$", re.MULTILINE)
MAKES_MODELS = {"modelspecs.py", "registry.py", "vocabulary.py", "effort.py"}
"""Files in which a model's name is at home: specification, making, the type of the names, presets of its settings."""

Sources = dict[PurePosixPath, str]


def sources(commit: str) -> Sources:
    """Return the scripts of the library and the app at a commit, by path."""
    packed = subprocess.run(["git", "archive", commit, "auditor", "ui"], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        files = [(PurePosixPath(member.name), archive.extractfile(member)) for member in archive.getmembers()]
        return {path: file.read().decode() for path, file in files if file and path.suffix in (".py", ".js")}


def python(files: Sources) -> Sources:
    return {path: text for path, text in files.items() if path.suffix == ".py"}


def lines(files: Sources) -> int:
    return sum(len(text.splitlines()) for text in files.values())


def files_in_a_folder(files: Sources) -> Counter[PurePosixPath]:
    return Counter(path.parent for path in files if path.name != "__init__.py")


def array_names(files: Sources) -> dict[str, set[str]]:
    """Return the array types that each name stands for."""
    types = defaultdict(set)
    for text in python(files).values():
        for name, type_ in ARRAY.findall(text):
            types[name].add(type_)
    return types


def array_homes(files: Sources) -> int:
    """Count the definitions of array types under a name that another file defines, too."""
    defined = Counter(name for text in python(files).values() for name, _ in ARRAY.findall(text))
    return sum(number - 1 for number in defined.values())


def nodes(files: Sources) -> Iterator[tuple[PurePosixPath, ast.AST]]:
    for path, text in python(files).items():
        yield from ((path, node) for node in ast.walk(ast.parse(text)))


def models_by_name(files: Sources) -> int:
    return sum(
        isinstance(node, ast.Constant) and node.value == "finetuned" and path.name not in MAKES_MODELS
        for path, node in nodes(files)
    )


def uses_of_any(files: Sources) -> int:
    return sum(isinstance(node, ast.Name) and node.id == "Any" for _, node in nodes(files))


def functions(files: Sources) -> list[int]:
    """Return the lines of each function without its docstring, commands aside: theirs are their options."""
    lengths = []
    for path, node in nodes(files):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and "commands" not in path.parts:
            first = node.body[1 if ast.get_docstring(node) and len(node.body) > 1 else 0]
            lengths.append((node.end_lineno or 0) - first.lineno + 1)
    return lengths


MEASURES: dict[str, Callable[[Sources], int]] = {
    "files of Python": lambda files: len(python(files)),
    "folders": lambda files: len({path.parent for path in python(files)}),
    "files in the fullest folder": lambda files: max(files_in_a_folder(files).values()),
    "folders with more than a dozen files": lambda files: sum(n > 12 for n in files_in_a_folder(files).values()),
    "lines of the longest file": lambda files: max(len(text.splitlines()) for text in python(files).values()),
    "functions of more than 40 lines": lambda files: sum(length > 40 for length in functions(files)),
    "names that stand for several array types": lambda files: sum(len(t) > 1 for t in array_names(files).values()),
    "repeated definitions of the name of an array type": lambda files: array_homes(files),
    'uses of `"finetuned"` outside the files that specify and create models': models_by_name,
    "uses of `Any`": uses_of_any,
    "uses of `Any` per 10,000 lines": lambda files: round(1e4 * uses_of_any(files) / lines(python(files))),
    "lines of Python": lambda files: lines(python(files)),
    "lines of JavaScript": lambda files: lines(files) - lines(python(files)),
}


def main() -> None:
    before, after = (*sys.argv[1:], *(BEFORE, "HEAD")[len(sys.argv) - 1 :])
    states = [sources(before), sources(after)]
    for name, measure in MEASURES.items():
        print(f"| {name} | {measure(states[0]):,} | {measure(states[1]):,} |")


if __name__ == "__main__":
    main()
