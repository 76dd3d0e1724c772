"""The house rules that a machine can check: who imports whom, what is public, what is documented, what is installed."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.util
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted((ROOT / "docs").rglob("*.md"))]
SHELL = re.compile(r"^ *```sh\n(.*?)```", re.DOTALL | re.MULTILINE)
SHOWN = "".join(block for page in PAGES for block in SHELL.findall(page.read_text("utf-8")))
SOURCES = sorted((ROOT / "auditor").rglob("*.py"))
EVERYTHING = [*SOURCES, *sorted((ROOT / "ui").rglob("*.py"))]

ORDER = (
    *(
        "wording",
        "errors",
        "markup",
        "scripts",
        "vocabulary",
        "version",
        "validation",
        "arguments",
        "formats",
        "formulas",
        "tabular",
        "arrays",
        "compat",
        "modelspecs",
        "effort",
        "config",
        "languages",
        "recognition",
    ),
    *("folders", "storage", "run", "runner", "ranking", "hub", "access"),
    *("data", "models", "signals", "detection", "estimate", "review", "correction", "evaluation", "report"),
)
"""Each imports from those before it."""
SEE_EVERYTHING = {
    *("api", "findings", "judgements", "pipeline", "retraining", "environment"),
    *("cli", "commands", "console", "__init__", "__main__"),
}
"""``console`` draws for ``cli``; no room knows of it."""
PUBLIC = {
    *("Audit", "AuditConfig", "AuditorError", "LabeledTexts", "Policy"),
    *("apply_patch", "audit", "export", "read"),
}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path, package: str) -> Iterator[tuple[int, str]]:
    """Line and absolute dotted name of all that a file imports, under ``TYPE_CHECKING`` and in functions too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def package_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).parent.parts)


def test_rooms_import_only_from_their_left() -> None:
    wrong = []
    for path in SOURCES:
        room = path.relative_to(ROOT / "auditor").with_suffix("").parts[0]
        if room in SEE_EVERYTHING:
            continue
        assert room in ORDER, f"{relative(path)}: where does {room} stand in the order of the rooms?"
        allowed = ORDER[: ORDER.index(room) + 1]
        for line, name in imports(path, package_of(path)):
            parts = name.split(".")
            if parts[0] == "auditor" and (len(parts) == 1 or parts[1] not in allowed):
                wrong.append(f"{relative(path)}:{line} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_the_library_never_imports_the_app() -> None:
    found = [
        f"{relative(path)}:{line} imports {name}"
        for path in SOURCES
        for line, name in imports(path, package_of(path))
        if name.split(".")[0] in {"ui", "auditor_ui", "gradio"}
    ]
    assert not found, "\n".join(found)


def test_the_library_imports_only_what_it_depends_on() -> None:
    project = PROJECT["project"]
    asked_for = [*project["dependencies"], *project["optional-dependencies"]["excel"]]
    declared = {canonicalize_name(Requirement(line).name) for line in asked_for}
    distributions = importlib.metadata.packages_distributions()
    undeclared = []
    for path in SOURCES:
        for line, name in imports(path, package_of(path)):
            root = name.split(".")[0]
            if root == "auditor" or root in sys.stdlib_module_names:
                continue
            if not declared & {canonicalize_name(one) for one in distributions.get(root, [root])}:
                undeclared.append(f"{relative(path)}:{line} imports {root}")
    assert not undeclared, "\n".join(undeclared)


def test_nothing_that_runs_code_from_data() -> None:
    """No pickle under any name, no remote code; Trainer and Hub downloads are safetensors by configuration."""
    modules = {"pickle", "_pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
    calls = {"torch.load", "torch.save", "pd.read_pickle", "pandas.read_pickle", "eval", "exec"}
    wrong = []
    for path in EVERYTHING:
        wrong += [
            f"{relative(path)}:{line} imports {name}"
            for line, name in imports(path, package_of(path))
            if name.split(".")[0] in modules and name != "joblib.cpu_count"
        ]
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and (ast.unparse(node.func) in calls or _attribute(node) == "to_pickle"):
                wrong.append(f"{relative(path)}:{node.lineno} calls {ast.unparse(node.func)}")
            elif isinstance(node, ast.keyword) and (
                (node.arg in {"trust_remote_code", "allow_pickle"} and ast.unparse(node.value) != "False")
                or (node.arg == "use_safetensors" and ast.unparse(node.value) != "True")
            ):
                wrong.append(f"{relative(path)}:{node.value.lineno} gives {node.arg}={ast.unparse(node.value)}")
    assert not wrong, "\n".join(wrong)


def _attribute(node: ast.Call) -> str | None:
    return node.func.attr if isinstance(node.func, ast.Attribute) else None


def test_the_library_does_not_print() -> None:
    found = [
        f"{relative(path)}:{node.lineno}"
        for path in SOURCES
        if path.name != "cli.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
    ]
    assert not found, "\n".join(found)


def test_the_longest_test_files_exist() -> None:
    from tests.conftest import LONGEST

    assert [name for name in LONGEST if not (ROOT / "tests" / name).is_file()] == []


def test_files_stay_short() -> None:
    lengths = {relative(path): len(path.read_text("utf-8").splitlines()) for path in EVERYTHING}
    assert not {path: lines for path, lines in lengths.items() if lines > 400}


# -- what is public -------------------------------------------------------------------------------------------------


def test_public_names_are_exact() -> None:
    import auditor

    assert set(auditor.__all__) == PUBLIC
    assert auditor.__all__ == sorted(auditor.__all__)
    assert set(auditor.__dir__()) >= PUBLIC
    for name in PUBLIC:
        assert getattr(auditor, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'Audits'"):
        auditor.Audits  # noqa: B018


def test_import_is_quick_because_nothing_heavy_comes_along() -> None:
    code = "import sys, auditor; print(*{'torch', 'transformers', 'datasets', 'pandas', 'numpy'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


# -- what is documented ---------------------------------------------------------------------------------------------


def commands() -> dict[str, Any]:
    from auditor.cli import VERBS, load

    return {verb: load(verb) for verb in VERBS}


def examples(text: str) -> list[list[str]]:
    """Words of the lines that read ``auditor …`` or ``Example: auditor …``, without comments."""
    joined = re.sub(r"\\\n\s*", "", text)
    lines = re.findall(r"^[ \t]*(?:Example: )?auditor (.+)$", joined, flags=re.MULTILINE)
    return [words for line in lines if (words := shlex.split(line, comments=True))]


def test_every_command_has_help_with_an_example() -> None:
    for name, command in commands().items():
        assert command.help, name
        assert [words for words in examples(command.help) if words[0] == name], f"{name} --help shows no example"


def test_every_command_is_documented() -> None:
    documented = {words[0] for words in examples(SHOWN)}
    assert documented >= set(commands())


def test_examples_are_understood() -> None:
    known = commands()
    shown = [*examples(SHOWN), *(words for command in known.values() for words in examples(command.help or ""))]
    assert len(shown) > len(known)
    for words in shown:
        assert words[0] in known, f"`auditor {' '.join(words)}`: no such command"
        known[words[0]].make_context(words[0], words[1:])  # an unknown option or a bad value raises


def test_exit_codes_are_documented() -> None:
    from auditor import errors

    codes = {one.exit_code for one in vars(errors).values() if isinstance(one, type) and issubclass(one, Exception)}
    page = (ROOT / "docs" / "reference" / "errors.md").read_text("utf-8")
    documented = {int(code) for code in re.findall(r"^\| *`?(\d+)`? *\|", page, flags=re.MULTILINE)}
    assert documented >= codes | {0, 2, 130}


# -- what is installed ----------------------------------------------------------------------------------------------


def test_every_package_is_installed() -> None:
    folders = {path.parent.relative_to(ROOT) for path in EVERYTHING}
    assert {folder for folder in folders if not (ROOT / folder / "__init__.py").is_file()} == set()
    packages = {re.sub(r"^ui\b", "auditor_ui", ".".join(folder.parts)) for folder in folders}
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == packages


def test_every_data_file_is_installed() -> None:
    for package, folder in PROJECT["tool"]["setuptools"]["package-dir"].items():
        patterns = PROJECT["tool"]["setuptools"]["package-data"][package]
        files = [
            path.relative_to(ROOT / folder).as_posix()
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and path.suffix not in {".py", ".pyc"}
        ]
        assert [name for name in files if not any(fnmatch(name, pattern) for pattern in patterns)] == []
        assert [pattern for pattern in patterns if not any(fnmatch(name, pattern) for name in files)] == []


def test_the_app_is_importable_under_its_own_name() -> None:
    try:
        importlib.metadata.distribution("label-auditor")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("label-auditor is not installed here")
    found = importlib.util.find_spec("auditor_ui")
    assert found is not None
    assert found.origin is not None
    assert Path(found.origin).read_text("utf-8") == (ROOT / "ui" / "__init__.py").read_text("utf-8")


def test_the_app_imports_its_own_files_relatively() -> None:
    absolute = [
        f"{relative(path)}:{line} imports {name}"
        for path in sorted((ROOT / "ui").rglob("*.py"))
        for line, name in imports(path, "a.b.c")
        if name.split(".")[0] in {"ui", "auditor_ui"}
    ]
    assert not absolute, "\n".join(absolute)


def test_constraints_pin_all_that_is_asked_for() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*", line)] == []
    pins = {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}
    project = PROJECT["project"]
    wanted = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    for requirement in map(Requirement, wanted):
        pin = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(pin), f"{requirement} does not allow the pinned {pin}"


def test_names_of_artifacts_are_spelled_once() -> None:
    """Elsewhere it is ``ISSUES``, not its name: in docstrings and messages alone, people may read the name."""
    from auditor.run import artifacts

    known = {one.name for one in vars(artifacts).values() if isinstance(one, artifacts.Artifact)}
    known |= {artifacts.MANIFEST, artifacts.DECISIONS, artifacts.REPORT, artifacts.neighbours().name, "folds.npy"}
    made = re.compile(r"(probabilities|dynamics|model)/\{")
    found = [
        f"{relative(path)}:{node.lineno} spells {ast.unparse(node)}"
        for path in EVERYTHING
        if path.name != "artifacts.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if (isinstance(node, ast.Constant) and node.value in known)
        or (isinstance(node, ast.JoinedStr) and made.match(ast.unparse(node)[2:]))
    ]
    assert not found, "\n".join(found)


def test_arrays_are_named_by_their_meaning_in_one_place() -> None:
    """A file may name a type for itself that no other file has use for."""
    alias = re.compile(r"^([A-Z]\w+) = (npt\.NDArray\[.+\])$", re.MULTILINE)
    shared = dict(alias.findall((ROOT / "auditor" / "arrays.py").read_text("utf-8")))
    found = [
        f"{relative(path)} names {name}"
        for path in EVERYTHING
        if path.name != "arrays.py"
        for name, type_ in alias.findall(path.read_text("utf-8"))
        if name in shared or type_ in shared.values()
    ]
    assert not found, "\n".join(found)


def test_private_names_of_libraries_stand_in_one_file() -> None:
    """A name with an underscore, used on anything but ``self``, is one that the same file gives."""
    found = []
    for path in EVERYTHING:
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        own = {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
        own |= {node.attr for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}
        own |= {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        own |= {"_replace", "_asdict", "_fields"}  # of named tuples, documented
        found += [
            f"{relative(path)}:{node.lineno} touches {ast.unparse(node)}"
            for node in nodes
            if isinstance(node, ast.Attribute) and re.match(r"_[^_]", node.attr) and node.attr not in own
            if not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
            if path.name != "compat.py"
        ]
    assert not found, "\n".join(found)
