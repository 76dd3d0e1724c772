"""Wrong values are told in our own words, wherever pydantic finds them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import pandas as pd
import pytest
from pydantic import AwareDatetime, BaseModel, Field, ValidationError

import auditor
from auditor.access.accounts import Accounts
from auditor.config import AuditConfig
from auditor.correction.patch.patch import read_patch
from auditor.errors import AuditorError, ConfigError, RunDamagedError
from auditor.review.filter.filter import Filter
from auditor.review.log.jsonl import import_log
from auditor.review.log.log import DecisionLog
from auditor.run import Run
from auditor.validation import first_fault

ITS_WORDS = re.compile(
    r"Input should|Value error|Extra inputs|Field required|type=|pydantic|For further|validation error|unable to parse"
    r"|String should|valid (string|integer|number|boolean|list|tuple|dictionary)"
)


class Inner(BaseModel):
    share: Annotated[float, Field(ge=0, le=1)] = 0.5
    rate: Annotated[float, Field(gt=0)] = 1.0


class Whole(BaseModel, extra="forbid"):
    folds: Annotated[int, Field(ge=2, le=100)] = 5
    seed: Annotated[int, Field(ge=0, lt=10)] = 0
    count: Annotated[int, Field(ge=1)] = 1
    name: str | None = None
    short: Annotated[str, Field(min_length=1, max_length=3)] = "a"
    hexadecimal: Annotated[str, Field(pattern="^[0-9a-f]+$")] = "0"
    pooling: Literal["mean", "cls"] = "mean"
    flag: bool = False
    names: tuple[str, ...] = ()
    pair: tuple[str, str] = ("a", "b")
    mapping: dict[str, int] = {}
    moment: datetime | None = None
    aware: AwareDatetime | None = None
    optional: Annotated[int, Field(ge=0)] | None = None
    inner: Inner = Inner()


FAULTS: list[tuple[dict[str, Any], str]] = [
    ({"folds": 1}, "folds: expected a whole number from 2 to 100, found 1"),
    ({"folds": 101}, "folds: expected a whole number from 2 to 100, found 101"),
    ({"folds": "x"}, "folds: expected a whole number from 2 to 100, found 'x'"),
    ({"folds": 2.5}, "folds: expected a whole number from 2 to 100, found 2.5"),
    ({"folds": None}, "folds: expected a whole number from 2 to 100, found None"),
    ({"seed": 10}, "seed: expected a whole number from 0 to 9, found 10"),
    ({"count": 0}, "count: expected a whole number of 1 or more, found 0"),
    ({"name": 3}, "name: expected text, found 3"),
    ({"short": ""}, "short: expected text of 1 character or more, found ''"),
    ({"short": "abcd"}, "short: expected text of 3 characters at most, found 'abcd'"),
    ({"hexadecimal": "x"}, "hexadecimal: expected text of the form ^[0-9a-f]+$, found 'x'"),
    ({"pooling": "max"}, "pooling: expected 'mean' or 'cls', found 'max'"),
    ({"flag": "perhaps"}, "flag: expected true or false, found 'perhaps'"),
    ({"names": 3}, "names: expected a list, found 3"),
    ({"names": ["a", 3]}, "names.1: expected text, found 3"),
    ({"pair": ["a"]}, "pair.1: it is missing"),
    ({"mapping": 3}, "mapping: expected an object with named values, found 3"),
    ({"mapping": {"a": "x"}}, "mapping.a: expected a whole number, found 'x'"),
    ({"moment": "tomorrow"}, "moment: expected a date and a time, such as 2026-01-31T12:00:00Z, found 'tomorrow'"),
    (
        {"aware": "2026-01-31T12:00:00"},
        "aware: expected a time with its time zone, such as 2026-01-31T12:00:00Z, found '2026-01-31T12:00:00'",
    ),
    ({"optional": -1}, "optional: expected a whole number of 0 or more, found -1"),
    ({"inner": {"share": 2}}, "inner.share: expected a number from 0 to 1, found 2"),
    ({"inner": {"rate": 0}}, "inner.rate: expected a number above 0, found 0"),
    ({"inner": 3}, "inner: expected an object with named values, found 3"),
    ({"other": 3}, "other: there is no such field"),
    ({"name": b"\xff"}, "name: expected "),
    ({"folds": "x" * 1000}, "folds: expected a whole number from 2 to 100, found 'xxx"),
    ({"x" * 1000: 3}, "xxx"),
]


@pytest.mark.parametrize(("values", "told"), FAULTS, ids=lambda value: str(value)[:30])
def test_a_fault_is_told_in_plain_words(values: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate(values)
    said = str(first_fault(caught.value, Whole))
    assert said.startswith(told)
    assert not ITS_WORDS.search(said)
    assert len(said) < 300
    assert not ITS_WORDS.search(str(first_fault(caught.value)))
    assert "found" not in str(first_fault(caught.value, Whole, with_value=False))


@pytest.mark.parametrize("data", [b"", b"nonsense", b"[", b'{"folds": ', b'"\xff"', b"[]", b"null"])
def test_what_is_no_json_is_told(data: bytes) -> None:
    with pytest.raises(ValidationError) as caught:
        Whole.model_validate_json(data)
    said = str(first_fault(caught.value, Whole))
    assert said.startswith(("it is not valid JSON", "expected an object"))
    assert not ITS_WORDS.search(said)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: auditor.AuditConfig(folds="x"), "Option folds='x': expected a whole number from 2 to 100."),
        (lambda: auditor.AuditConfig(nonsense=1), "Option nonsense=1: there is no such field."),
        (
            lambda: auditor.AuditConfig(encoder={"pooling": "max"}),
            "Option encoder.pooling='max': expected 'mean' or 'cls'.",
        ),
        (
            lambda: AuditConfig().updated(finetuned={"epochs": 0}),
            "Option finetuned.epochs=0: expected a whole number of 1",
        ),
        (lambda: auditor.Policy(unreviewed="guess"), "Option unreviewed='guess': expected 'keep', 'drop', "),
        (lambda: auditor.Policy(above=2), "Option above=2: expected a number from 0 to 1."),
        (lambda: auditor.audit(pd.DataFrame(), folds=1), "Option folds=1: expected a whole number from 2 to 100."),
        (lambda: auditor.audit(pd.DataFrame(), foldz=5), "Option foldz=5: there is no such field."),
    ],
)
def test_wrong_options_in_python(make: Callable[[], Any], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        make()
    assert caught.value.what.startswith(told)
    assert " has the options " in caught.value.todo
    assert not ITS_WORDS.search(str(caught.value))


@pytest.mark.parametrize(
    "wrong",
    [
        {"folds": 1},
        {"folds": None},
        {"nonsense": 1},
        {"models": "nope"},
        {"models": [3]},
        {"models": 3},
        {"signals": ["nope"]},
        {"read": {"tool": "nope"}},
        {"read": 3},
        {"encoder": {"pooling": "max"}},
        {"finetuned": {"epochs": 0}},
        {"probabilities": ["consensus"]},
        {"probabilities": ["../mine"]},
    ],
)
def test_whatever_way_a_configuration_is_made_what_is_wrong_is_one_kind_of_error(wrong: dict[str, Any]) -> None:
    ways: list[Callable[[], Any]] = [
        lambda: AuditConfig(**wrong),
        lambda: AuditConfig().updated(**wrong),
        lambda: AuditConfig.model_validate(wrong),
        lambda: AuditConfig.model_validate_json(json.dumps(wrong)),
        lambda: AuditConfig().model_copy(update=wrong),
        lambda: auditor.audit(pd.DataFrame(), **wrong) if "probabilities" not in wrong else AuditConfig(**wrong),
    ]
    for make in ways:
        with pytest.raises(ConfigError) as caught:
            make()
        assert not ITS_WORDS.search(str(caught.value))
        assert caught.value.exit_code == 2


def test_what_is_no_configuration_at_all_is_an_error_of_the_same_kind() -> None:
    for data in (b"", b"nonsense", b"[]", b"null", b'{"folds": '):
        with pytest.raises(ConfigError, match="AuditConfig: "):
            AuditConfig.model_validate_json(data)
    assert AuditConfig().model_copy(update={"folds": 3}) == AuditConfig(folds=3)
    assert AuditConfig().model_copy() == AuditConfig()


def test_the_configuration_of_a_manifest_may_be_anything(tmp_path: Path) -> None:
    run = Run(tmp_path)
    for settings in ({}, {"config": None}, {"config": {"folds": 1}}, {"config": {"new": 1}}):
        run.record(**settings)
        with pytest.raises(RunDamagedError, match=r"manifest\.json has no valid configuration") as caught:
            _ = run.config
        assert not ITS_WORDS.search(str(caught.value))
    run.record(config={"folds": 3})
    assert run.config.folds == 3


def a_manifest(folder: Path, content: bytes) -> None:
    (folder / "manifest.json").write_bytes(content)
    Run(folder)


def a_log(folder: Path, content: bytes) -> None:
    (folder / "log.jsonl").write_bytes(content)
    import_log(DecisionLog(folder / "decisions.db", "run"), folder / "log.jsonl")


def a_patch(folder: Path, content: bytes) -> None:
    (folder / "patch.jsonl").write_bytes(content)
    read_patch(folder / "patch.jsonl")


def accounts(folder: Path, content: bytes) -> None:
    (folder / "r.json").write_bytes(content)
    (folder / "r.json").chmod(0o600)
    _ = Accounts(folder / "r.json").names


@pytest.mark.parametrize("read", [a_manifest, a_log, a_patch, accounts])
@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"3",
        b"nonsense",
        b'{"format": 2, "users": {"ann": {"hash": "5ec2e7"}}, "secret": 3}',
        b'{"format": 1, "created": 3, "finished": "x", "stages": {"a": 3}}',
        json.dumps({"event_id": 3, "id": 3, "at": "soon", "more": 1, "copies": "x"}).encode(),
    ],
)
def test_wrong_files_are_told_in_plain_words(
    tmp_path: Path, read: Callable[[Path, bytes], None], content: bytes
) -> None:
    with pytest.raises(AuditorError) as caught:
        read(tmp_path, content)
    assert not ITS_WORDS.search(str(caught.value))
    assert read is not accounts or "5ec2e7" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("min_suspicion=2", "field min_suspicion is '2': expected a number from 0 to 1"),
        ("min_suspicion=high", "field min_suspicion is 'high': expected a number"),
        ("kind=wrong", "field kind is 'wrong': expected 'mislabelled', 'ambiguous'"),
        ("group=-1", "field group is '-1': expected "),
        ("undecided=you", "field undecided is 'you': expected 'anyone' or 'me'"),
        ("text=" + "x" * 2000, "expected text of 1,000 characters at most"),
        ("verdict=", "field verdict is '': expected 'keep'"),
    ],
)
def test_wrong_filters(query: str, told: str) -> None:
    with pytest.raises(AuditorError) as caught:
        Filter.from_query(query)
    assert told in caught.value.what
    assert not ITS_WORDS.search(str(caught.value))
