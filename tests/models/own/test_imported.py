"""Code of the user's own: found, made, and told of where it fails."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.errors import InputError, OwnCodeError
from auditor.models.own.imported import guarded, load

Write = Callable[[str, str], str]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Write:
    """Write a module that can be imported, until the test ends; its name is made unique."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    monkeypatch.chdir(tmp_path)

    def write(name: str, source: str) -> str:
        (tmp_path / f"{name}.py").write_text(source, "utf-8")
        return name

    return write


def test_a_class_a_function_and_a_name_in_a_class_are_found(module: Write) -> None:
    module("alpha", "class A:\n    class Inner: pass\n\ndef made():\n    return 7\n")
    assert type(load("alpha:A").make()).__name__ == "A"
    assert type(load("alpha:A.Inner").make()).__name__ == "Inner"
    assert load("alpha:made").make() == 7


def test_the_code_is_known_by_the_files_of_the_module(module: Write) -> None:
    def code(name: str, source: str, inner: str) -> str:
        module("inner", inner)
        module(name, source)
        for loaded in (name, "inner"):
            sys.modules.pop(loaded, None)
        return load(f"{name}:A").code

    source, inner = "from inner import A\n", "class A: pass\n"
    first = code("beta", source, inner)
    assert first == code("gamma", source, inner), "where it lies does not matter"
    assert first != code("beta1", source + "x = 1\n", inner)
    assert first != code("beta2", source, inner + "x = 1\n"), "what the name comes from counts"
    assert "builtins" not in load("builtins:dict").code


@pytest.mark.parametrize(
    ("source", "address", "what", "todo"),
    [
        ("", "nowhere_at_all:A", "There is no module nowhere_at_all", "current directory"),
        ("", "delta.part:A", "There is no module delta.part", "importable"),
        ("class B: pass\n_c = 1\n", "delta:A", "The module delta (delta.py) has no A", "of it: B."),
        ("", "sys:Absent", "The module sys (built in) has no Absent", "Choose a class"),
        ("A = {}\n", "delta:A", "delta:A is of type dict, which is not callable", "Name a class"),
        ("A = \n", "delta:A", "SyntaxError: invalid syntax (delta.py, line 1), at delta.py:1.", "-v"),
        ("x = 1\nimport nothing_like_this\n", "delta:A", "No module named 'nothing_like_this', at delta.py:2.", "-v"),
        ("\nraise ValueError('no\\nway.')\n", "delta:A", "delta:A raised ValueError: no way, at delta.py:2.", "-v"),
        ("import sys\nsys.exit(3)\n", "delta:A", "delta:A raised SystemExit: 3, at delta.py:2.", "-v"),
    ],
)
def test_what_cannot_be_loaded_is_told(module: Write, source: str, address: str, what: str, todo: str) -> None:
    module("delta", source)
    with pytest.raises(OwnCodeError) as told:
        load(address)
    assert what in told.value.what
    assert todo in told.value.todo
    assert "\n" not in told.value.what + told.value.todo


def test_what_raises_is_told_with_its_line_in_the_module(module: Write) -> None:
    module(
        "epsilon",
        "import json\n\n\nclass A:\n    def __init__(self):\n        json.loads('{')\n\n\nclass B:\n"
        "    def __init__(self, size):\n        pass\n\n\ndef stop():\n    raise KeyboardInterrupt\n",
    )
    with pytest.raises(OwnCodeError, match=r"epsilon:A raised JSONDecodeError: .*, at epsilon.py:6\.\n") as told:
        load("epsilon:A").make()
    assert told.value.__cause__ is not None
    with pytest.raises(OwnCodeError, match=r"TypeError: .*missing 1 required positional argument: 'size'\.\n"):
        load("epsilon:B").make()
    with pytest.raises(KeyboardInterrupt):
        load("epsilon:stop").make()


def test_errors_of_ours_pass_and_long_messages_are_cut() -> None:
    with pytest.raises(InputError), guarded("a:B"):
        raise InputError("what", "todo")
    with pytest.raises(OwnCodeError) as told, guarded("a:B"):
        raise ValueError("x" * 100_000)
    assert len(told.value.what) < 1000
