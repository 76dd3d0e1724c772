"""Formats by name, and paths that lead nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.commands.paths import check_files, check_sources
from auditor.errors import PatchError, SourceError
from auditor.formats import looks_like_path, suffix_of


@pytest.mark.parametrize(
    ("name", "suffix"),
    [("a.csv", ".csv"), ("a.CSV.GZ", ".csv"), ("a.b.csv", ".csv"), ("a.gz", ".gz"), ("a", ""), (".csv", "")],
)
def test_suffix(name: str, suffix: str) -> None:
    assert suffix_of(Path(name)) == suffix


@pytest.mark.parametrize("source", ["user/name", "name", "user/name-1.0", "glue"])
def test_what_may_be_a_name_on_the_hub_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert not looks_like_path(source)
    check_sources([source])
    with pytest.raises(SourceError, match="does not exist"):
        check_sources([source, "other"])  # of several, each is a path


@pytest.mark.parametrize(
    "source",
    [
        *("nosuch.csv", "dir/nosuch.csv", "./nosuch", "../nosuch", "/nosuch", "a/b/c", "my tweets", "nosuch.json.gz"),
        *("nosuch.xlsx", "~/nosuch", "https://example.org/x.csv", "x" * 5000 + ".csv", "naïve"),
    ],
)
def test_a_mistyped_path_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(SourceError, match=r"does not exist|is a URL"):
        check_sources([source])


def test_files_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    check_files([None, tmp_path / "a", tmp_path])
    with pytest.raises(PatchError) as caught:
        check_files([tmp_path / "a", tmp_path / "b"], error=PatchError, todo="Look again.")
    assert (caught.value.what, caught.value.todo) == (f"{tmp_path / 'b'} does not exist.", "Look again.")
