"""Style rules that a machine can check: phrases and names that docs/style.md rules out, and spelling."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EDITED = (
    "auditor",
    "ui",
    "docs",
    "reports",
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "RELEASE.md",
    "SECURITY.md",
)
"""Files and folders that the rules hold for."""
UNEDITED = ("auditor/detection/groups.py", "docs/style.md", "reports/gallery")
"""A list of stop words, examples of what not to write, and texts of datasets."""

PHRASES = (
    r"comes? of (it|that|them)",
    r"what (comes|came|becomes|became|has become) of",
    r"of theirs",
    r"there already",
    r"is all the same",
    r"mend",
    r"(give|gives|given) the same command",
    r"goes on from here",
    r"in the place of",
    r"by what",
    r"whoever asks",
    r"(made|make|makes|making) (it |them )?again",
    r"of which there (is|are) no\w*",
    r"that there (is|are) not",
    r"as JSON has",
    r"said",
    r"tells? of",
    r"nobody knows",
    r"passed over",
    r"of one's own",
    r"(leave|left) (it )?away",
    r"gives? back",
    r"let go of",
    r"by heart",
    r"once more",
    r"taken up",
)
"""Phrases that read as translated. docs/style.md shows better ones."""
NAMES = frozenset(
    "again around beside bench desk each heard hears known one said saying speaking tell telling tells theirs there"
    " thing things told".split()
)
"""Names that do not say what the thing is."""

_PHRASE = re.compile(rf"\b({'|'.join(PHRASES)})\b", re.IGNORECASE)
_CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_PARAGRAPH = re.compile(r"(?:^.*\S.*\n?)+", re.MULTILINE)
_SCRIPT_WORDS = re.compile(r'/\*.*?\*/|(?<![:\w"])//[^\n]*|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`', re.DOTALL)
_SCRIPT_NAME = re.compile(r"(?<![\w$.])#?([A-Za-z_]+)\b(?!\s*:)")
_SCRIPT_PROSE = re.compile(r'/\*.*?\*/|(?<![:\w"])//[^\n]*|"[^"\n]* [^"\n]*"', re.DOTALL)


def edited(*endings: str) -> list[Path]:
    paths = (path for entry in EDITED for path in ([ROOT / entry] if "." in entry else (ROOT / entry).rglob("*")))
    return sorted(
        path
        for path in paths
        if path.suffix in endings and not path.relative_to(ROOT).as_posix().startswith(UNEDITED) and path.is_file()
    )


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Line and text of docstrings, messages and comments; of templates, every line; of pages, paragraphs."""
    text = path.read_text("utf-8")
    if path.suffix == ".js":
        yield from ((text.count("\n", 0, found.start()) + 1, found[0]) for found in _SCRIPT_PROSE.finditer(text))
    elif path.suffix == ".j2":
        yield from enumerate(text.splitlines(), start=1)
    elif path.suffix == ".md":
        text = _CODE.sub(lambda block: "\n" * block[0].count("\n"), text)
        yield from ((text.count("\n", 0, found.start()) + 1, found[0]) for found in _PARAGRAPH.finditer(text))
    else:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
                yield node.lineno, node.value
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def names(path: Path) -> Iterator[tuple[int, str]]:
    """Line and name of all that a file defines: modules, classes, functions, parameters and variables."""
    yield 1, path.stem
    if path.suffix == ".js":
        code = _SCRIPT_WORDS.sub(lambda words: "\n" * words[0].count("\n"), path.read_text("utf-8"))
        yield from ((code.count("\n", 0, found.start()) + 1, found[1]) for found in _SCRIPT_NAME.finditer(code))
        return
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id if isinstance(node, ast.Name) else node.attr


def test_prose_has_no_phrase_that_reads_as_translated() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {match[0]!r}"
        for path in edited(".py", ".js", ".j2", ".md")
        for line, text in prose(path)
        for match in _PHRASE.finditer(" ".join(text.split()))
    ]
    assert not found, "\n".join(found)


def test_names_say_what_they_name() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in edited(".py", ".js")
        for line, name in names(path)
        if name.strip("_").lower() in NAMES
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ('"""Suspicion is one minus what comes of it."""\n', "what comes of"),
        ("x = 1  # Mend it, then go on\n", "Mend"),
        ('raise E("There already: x.", "Give\\n the same command")\n', "There already"),
        ('f"{x} is made again"\n', "made again"),
        ("```sh\nsaid\n```\n\nA file is\nthere already.\n", "there already"),
    ],
)
def test_a_phrase_is_found_wherever_prose_stands(text: str, phrase: str, tmp_path: Path) -> None:
    path = tmp_path / ("a.md" if text.startswith("`") else "a.py")
    path.write_text(text)
    assert next(match[0] for _, piece in prose(path) for match in _PHRASE.finditer(" ".join(piece.split()))) == phrase


def test_names_of_scripts_are_seen_and_their_words_are_not(tmp_path: Path) -> None:
    path = tmp_path / "a.js"
    path.write_text(
        '// known\nconst found = `told`;\nconst told = (one) => t("said again"), { again: 1 }, a.known;\n#said;\n'
    )
    wrong = [(line, name) for line, name in names(path) if name in NAMES | {"said"}]
    assert wrong == [(3, "told"), (3, "one"), (4, "said")]


def test_spelling() -> None:
    """``[tool.codespell]`` in pyproject.toml says which files and words are left out."""
    command = [sys.executable, "-m", "codespell_lib", "auditor", "ui", "docs", *map(str, ROOT.glob("*.md"))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
