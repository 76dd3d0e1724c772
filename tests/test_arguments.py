"""Wrong arguments of the public functions: an error of our own that names the argument, and what was expected."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import auditor
from auditor.arguments import checked
from auditor.config import AuditConfig, FinetunedConfig, QueueConfig, ReadConfig
from auditor.errors import AuditorError, ConfigError
from auditor.runner import Local, Ray
from auditor.wording import in_python
from tests.review.runs import write_run

FRAME = pd.DataFrame({"text": ["so glad", "so sad"] * 4, "label": ["joy", "sadness"] * 4})
FREE = {inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL}


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> auditor.Audit:
    return auditor.Audit(write_run(tmp_path_factory.mktemp("made") / "run", rows=60))


def public() -> Iterator[tuple[str, Any]]:
    """The functions and methods that users call, by name."""
    for name in auditor.__all__:
        if inspect.isfunction(value := getattr(auditor, name)):
            yield name, value
    for name, method in inspect.getmembers(auditor.Audit, inspect.isfunction):
        if not name.startswith("_") or name == "__init__":
            yield f"Audit.{name}", method


PARAMETERS = [
    pytest.param(name, parameter.name, id=f"{name}-{parameter.name}")
    for name, function in public()
    for parameter in inspect.signature(function).parameters.values()
    if parameter.name != "self" and parameter.kind not in FREE
]
NEEDED: dict[str, Any] = {"source": FRAME, "to": "x.csv", "patch": [], "endpoint": "http://localhost:1/v1",
    "model": "m", "agree": bool, "operation": "rename", "names": ["joy"], "repo": "a/b", "texts": ["a"],
    "file": "log.jsonl", "wrong_at_most": 0.05, "plan_id": "none", "order": "static"}  # fmt: skip
"""Values of the arguments that have no default."""


def call(audit: auditor.Audit, name: str, given: dict[str, Any]) -> Any:
    function: Callable[..., Any] = getattr(auditor, name, None) or getattr(auditor.Audit, name.removeprefix("Audit."))
    parameters = inspect.signature(function).parameters.values()
    needed = {one.name: NEEDED.get(one.name, audit) for one in parameters if one.default is one.empty} | {"self": audit}
    return function(
        **{
            one.name: ({**needed, **given})[one.name]
            for one in parameters
            if one.name in {*given, *needed} and one.kind not in FREE
        }
    )


@pytest.mark.parametrize(("name", "argument"), PARAMETERS)
def test_a_value_of_no_fitting_type(
    audit: auditor.Audit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, argument: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AuditorError) as caught:
        call(audit, name, {argument: object()})
    first, second = str(caught.value).splitlines()
    assert re.search(rf"\b{argument}\b|builtins.object", first), first
    assert "expected" in first or argument in {"source", "probabilities"}, first
    assert second
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "wrong", "expected"),
    [
        ("Audit.retrain", {"seeds": 0}, "a whole number of 1 or more"),
        ("Audit.retrain", {"seeds": "many"}, "a whole number of 1 or more"),
        ("Audit.retrain", {"models": "lexical"}, "a list"),
        ("Audit.retrain", {"policy": "drop"}, "an object of the class Policy"),
        ("Audit.review", {"port": 70_000}, "a whole number from 1 to 65,535"),
        ("Audit.review", {"lang": "fr"}, "'en' or 'zh'"),
        ("Audit.judge", {"most": 0}, "a whole number of 1 or more"),
        ("Audit.judge", {"timeout": 0}, "a number above 0"),
        ("Audit.judge", {"rows": "all"}, "'queue', 'blind' or 'filter'"),
        ("Audit.judge", {"agree": True}, "a function"),
        ("Audit.certify", {"wrong_at_most": 5}, "a number below 1 and above 0"),
        ("Audit.certify", {"misses_allowed": -1}, "a whole number of 0 or more"),
        ("Audit.order", {"by": "fastest"}, "'static', 'learnt' or 'fixes-per-minute'"),
        ("Audit.labels", {"names": "joy"}, "a list"),
        ("Audit.export", {"to": 3}, "text or a path"),
        ("Audit.export", {"format": "xls"}, "'csv'"),
        ("Audit.push", {"dry_run": 3}, "a path"),
        ("Audit.push", {"private": "perhaps"}, "true or false"),
        ("Audit.predict", {"texts": "so glad"}, "a list"),
        ("audit", {"config": 3}, "an object of the class AuditConfig"),
        ("audit", {"fresh": "perhaps"}, "true or false"),
        ("read", {"config": 3}, "an object of the class ReadConfig"),
    ],
)
def test_what_is_expected(audit: auditor.Audit, name: str, wrong: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        call(audit, name, wrong)
    (argument, value), what = next(iter(wrong.items())), caught.value.what
    assert what.startswith(f"{argument}={value!r} is not an argument for {name}(); expected "), what
    assert expected in what
    assert caught.value.todo == f"Change {argument}=."


def test_a_path_may_be_text(audit: auditor.Audit, tmp_path: Path) -> None:
    @checked
    def name(place: Path | None = None, *, many: int = 1) -> tuple[Path | None, int]:
        return place, many

    assert name("here", many=2) == (Path("here"), 2)  # type: ignore[arg-type]
    assert name() == (None, 1)
    with pytest.raises(TypeError, match="unexpected keyword"):
        name(much=3)  # type: ignore[call-arg]


@pytest.mark.parametrize("missing", ["", None])
def test_the_advice_on_invalid_rows_works(missing: str | None) -> None:
    frame = pd.concat([FRAME, pd.DataFrame({"text": ["no label"], "label": [missing]})], ignore_index=True)
    with pytest.raises(AuditorError, match="continue without them: drop_invalid=True") as refused:
        auditor.read(frame)
    assert "--drop-invalid" in refused.value.todo
    assert len(auditor.read(frame, drop_invalid=True)) == len(FRAME)


def test_an_audit_takes_the_options_of_reading(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from auditor import pipeline

    seen = {}

    def stop(source: Any, config: Any) -> Any:
        seen.update(config.model_dump(include={"drop_invalid", "label", "quoting"}))
        raise ConfigError("Stopped.", "Here.")

    monkeypatch.setattr(pipeline, "read", stop)
    with pytest.raises(ConfigError, match="Stopped"):
        auditor.audit(FRAME, label="label", drop_invalid=True, read={"quoting": "none"}, out=tmp_path / "run")
    assert seen == {"drop_invalid": True, "label": "label", "quoting": "none"}
    with pytest.raises(ConfigError, match=r"Option read\.quoting='single': expected 'auto', 'minimal' or 'none'"):
        auditor.audit(FRAME, quoting="single")
    with pytest.raises(ConfigError, match=r"read without drop_invalid=.\nPass it to auditor.read"):
        auditor.audit(auditor.read(FRAME), drop_invalid=True)


SHELL_ONLY = {"replace"}
"""Arguments of commands that have no function in the public API."""


def advised() -> dict[str, str]:
    """Options named in messages of the library, outside the commands, and a place of each."""
    root = Path(auditor.__file__).parent
    found = {}
    for path in sorted(root.rglob("*.py")):
        if path.parent.name == "commands" or path.name == "cli.py":
            continue
        tree = ast.parse(path.read_text("utf-8"))
        written = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in written:
                for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", node.value):
                    found[option] = f"{path.relative_to(root)}:{node.lineno}"
    return found


def test_every_option_in_advice_is_an_argument_too() -> None:
    arguments = {name for _, function in public() for name in inspect.signature(function).parameters}
    for settings in (AuditConfig, ReadConfig, QueueConfig, FinetunedConfig, auditor.Policy):
        arguments |= {*settings.model_fields}
    for runner in (Local, Ray):
        arguments |= {*inspect.signature(runner).parameters}
    for option, place in advised().items():
        assert in_python(option) != option, place
        name = in_python(option).partition("=")[0].rpartition(".")[2]
        assert name in arguments | SHELL_ONLY or option == "--force-reinstall", f"{option} of {place}"


@checked
def echo(texts: Sequence[str], seeds: int = 1, path: Path | None = None) -> tuple[Sequence[str], int, Path | None]:
    return texts, seeds, path


@pytest.mark.parametrize(
    "texts", [["a", "b"], pd.Series(["a", "b"]), pd.Index(["a", "b"]), np.array(["a", "b"])], ids=lambda it: type(it)
)
def test_columns_arrays_and_their_numbers_are_accepted(texts: Any) -> None:
    assert echo(texts, np.int64(3), "x") == (["a", "b"], 3, Path("x"))  # type: ignore[arg-type]


@pytest.mark.parametrize("texts", ["ab", {"a": 1}.keys(), (text for text in "ab")], ids=lambda it: type(it))
def test_what_is_no_list_of_texts_is_refused(texts: Any) -> None:
    with pytest.raises(ConfigError, match=r"texts=.* is not an argument for echo\(\); expected a list"):
        echo(texts)
