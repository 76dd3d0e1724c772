"""Accounts: names and hashed passwords in a file of their owner's."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.access.accounts import Accounts, reviewer_name
from auditor.errors import AccountError

PASSWORD = "three short words"

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    accounts = Accounts(tmp_path / "reviewers.json")
    accounts.add("ann", PASSWORD)
    return accounts


def test_a_right_password_gives_the_name_and_a_wrong_one_nothing(accounts: Accounts) -> None:
    assert accounts.verify("ann", PASSWORD) == "ann"
    for name, password in [("ann", PASSWORD + " "), ("ann", ""), ("Ann", PASSWORD), ("bob", PASSWORD), ("", "")]:
        assert accounts.verify(name, password) is None


def test_accents_in_one_form_or_another_are_the_same(accounts: Accounts) -> None:
    accounts.add("Zo\u0065\u0308", "cafe\u0301 au lait")
    assert accounts.verify(" Zo\u00eb ", "caf\u00e9 au lait") == "Zo\u00eb"


def test_the_file_is_its_owners_alone_and_holds_no_password(accounts: Accounts) -> None:
    assert stat.S_IMODE(accounts.path.stat().st_mode) == 0o600
    text = accounts.path.read_text("utf-8")
    assert PASSWORD not in text
    accounts.add("bob", PASSWORD)
    ann, bob = json.loads(accounts.path.read_text("utf-8"))["users"].values()
    assert ann["salt"] != bob["salt"]
    assert ann["hash"] != bob["hash"]
    assert json.loads(text)["secret"] == accounts.secret  # who is logged in stays so
    assert len(bytes.fromhex(accounts.secret)) == 32


def test_nothing_else_is_left_behind(accounts: Accounts) -> None:
    accounts.add("bob", PASSWORD)
    assert {path.name for path in accounts.path.parent.iterdir()} == {"reviewers.json", "reviewers.json.lock"}


def test_a_file_that_others_can_read_is_refused(accounts: Accounts) -> None:
    accounts.path.chmod(0o644)
    with pytest.raises(AccountError, match="can be read by users other than its owner") as refused:
        accounts.verify("ann", PASSWORD)
    assert "chmod 600" in refused.value.todo


def test_an_account_is_not_overwritten_unless_asked(accounts: Accounts) -> None:
    mark = accounts.mark("ann")
    with pytest.raises(AccountError, match="already has an account for 'ann'"):
        accounts.add("ann", "another password")
    assert accounts.verify("ann", PASSWORD) == "ann"
    accounts.add("ann", "another password", replace=True)
    assert accounts.verify("ann", PASSWORD) is None
    assert accounts.verify("ann", "another password") == "ann"
    assert accounts.mark("ann") != mark
    assert accounts.names == ["ann"]


def test_an_account_is_removed_and_its_sessions_with_it(accounts: Accounts) -> None:
    accounts.add("bob", PASSWORD)
    mark, others = accounts.mark("ann"), accounts.mark("bob")
    assert Accounts(accounts.path).remove(" ann ") == "ann"
    assert accounts.names == ["bob"]
    assert accounts.verify("ann", PASSWORD) is None
    assert accounts.mark("ann") is None
    assert accounts.mark("bob") == others
    accounts.add("ann", PASSWORD)
    assert accounts.mark("ann") not in (None, mark), "an old session is not the new account's"
    for name in ("ann", "bob"):
        accounts.remove(name)
    assert accounts.names == []
    with pytest.raises(AccountError, match="has no account for 'ann'"):
        accounts.remove("ann")
    with pytest.raises(AccountError, match="the file does not exist"):
        Accounts(accounts.path.with_name("none.json")).remove("ann")
    assert not list(accounts.path.parent.glob("none*"))


def test_marks_are_of_accounts(accounts: Accounts) -> None:
    accounts.add("bob", PASSWORD)
    assert len({accounts.mark("ann"), accounts.mark("bob"), accounts.mark("nobody")}) == 3
    assert accounts.mark("nobody") is None


def test_what_another_process_adds_is_seen(accounts: Accounts) -> None:
    assert accounts.verify("bob", PASSWORD) is None
    Accounts(accounts.path).add("bob", PASSWORD)
    assert accounts.verify("bob", PASSWORD) == "bob"


def test_accounts_added_at_once_are_all_there(tmp_path: Path) -> None:
    path = tmp_path / "reviewers.json"
    names = [f"reviewer {number}" for number in range(4)]
    code = "import sys; from pathlib import Path; from auditor.access.accounts import Accounts;"
    code += "Accounts(Path(sys.argv[1])).add(sys.argv[2], 'three short words')"
    started = [subprocess.Popen([sys.executable, "-c", code, str(path), name]) for name in names]
    assert [process.wait() for process in started] == [0] * len(names)
    assert sorted(Accounts(path).names) == names


def test_many_may_log_in_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quick_hashes: Callable[..., bytes]
) -> None:
    monkeypatch.setattr(hashlib, "scrypt", quick_hashes)  # the costly one, with the memory that it takes
    accounts = Accounts(tmp_path / "reviewers.json")
    accounts.add("ann", PASSWORD)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: accounts.verify("ann", PASSWORD if number % 2 else "wrong"), range(8)))
    assert found == [None, "ann"] * 4


def test_an_unknown_name_costs_as_much_as_a_known_one(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int, int]] = []
    scrypt = hashlib.scrypt

    def counting(data: bytes, **options: int) -> bytes:
        asked.append((options["n"], options["r"], options["p"]))
        return scrypt(data, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(hashlib, "scrypt", counting)
    accounts.verify("ann", "wrong")
    accounts.verify("nobody", "wrong")
    assert len(asked) == 2
    assert asked[0] == asked[1]
    assert asked[0][0] * asked[0][1] * 128 >= 32 << 20


@pytest.mark.parametrize("password", ["", "short", "a" * 1025])
def test_a_password_is_neither_short_nor_endless(accounts: Accounts, password: str) -> None:
    with pytest.raises(AccountError, match="expected 8 to 1024") as refused:
        accounts.add("bob", password)
    assert not password or password not in refused.value.what
    assert accounts.names == ["ann"]


@pytest.mark.parametrize("name", ["", " ", "a" * 101, "a\x00b", "line\nbreak", "\x1b[31m", "\u202e", "\ud800"])
def test_a_name_is_of_printable_characters(accounts: Accounts, name: str) -> None:
    with pytest.raises(AccountError, match="is not a valid reviewer name"):
        accounts.add(name, PASSWORD)
    with pytest.raises(AccountError, match="is not a valid reviewer name"):
        reviewer_name(name)


@given(st.text(max_size=120))
def test_a_name_that_is_taken_stays_the_same(name: str) -> None:
    try:
        once = reviewer_name(name)
    except AccountError:
        return
    assert reviewer_name(once) == once
    assert 1 <= len(once) <= 100
    assert once.isprintable()


_SECRET = "0" * 64


@pytest.mark.parametrize(
    "content",
    [
        "",
        "nonsense",
        "[]",
        "{}",
        json.dumps({"format": 2, "secret": _SECRET, "users": {}}),
        json.dumps({"format": 1, "secret": "short", "users": {}}),
        json.dumps({"format": 1, "secret": _SECRET, "users": {}, "more": 1}),
        json.dumps({"format": 1, "secret": _SECRET, "users": {"ann": {"salt": "zz"}}}),
        json.dumps({"format": 1, "secret": _SECRET, "users": {"ann": {"salt": _SECRET, "n": 2**30}}}),
    ],
)
def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content, "utf-8")
    path.chmod(0o600)
    for act in (lambda: Accounts(path).names, lambda: Accounts(path).add("ann", PASSWORD)):
        with pytest.raises(AccountError, match="is not a file of accounts"):
            act()
    assert path.read_text("utf-8") == content


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(AccountError, match="the file does not exist") as refused:
        Accounts(tmp_path / "none.json").verify("ann", PASSWORD)
    assert "auditor user add NAME --auth" in refused.value.todo


def test_a_place_that_cannot_be_written_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "reviewers.json", tmp_path):
        with pytest.raises(AccountError, match="cannot be"):
            Accounts(path).add("ann", PASSWORD)


def test_a_folder_that_is_not_there_is_said_and_not_made(tmp_path: Path) -> None:
    folder = tmp_path / "none" / "such"
    with pytest.raises(AccountError, match=re.escape(f"the folder {folder} does not exist")):
        Accounts(folder / "reviewers.json").add("ann", PASSWORD)
    assert not folder.parent.exists()


def test_a_logout_changes_the_mark_of_this_account_alone(accounts: Accounts) -> None:
    accounts.add("bob", PASSWORD)
    ann, bob = accounts.mark("ann"), accounts.mark("bob")
    accounts.log_out("ann")
    assert accounts.mark("bob") == bob
    assert len({ann, accounts.mark("ann")}) == 2
    assert accounts.verify("ann", PASSWORD) == "ann"
    accounts.log_out("nobody")
    assert accounts.names == ["ann", "bob"]


def test_a_write_that_fails_leaves_the_old_file(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    before = accounts.path.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(AccountError, match="No space left"):
        accounts.add("bob", PASSWORD)
    assert accounts.path.read_bytes() == before
    assert len(list(accounts.path.parent.iterdir())) == 2


def test_a_role_is_kept_changed_and_absent_from_older_files(accounts: Accounts) -> None:
    accounts.add("ann", PASSWORD, replace=True, role="adjudicator")
    accounts.add("bob", PASSWORD)
    assert accounts.roles == {"ann": "adjudicator", "bob": "reviewer"}
    mark = accounts.mark("ann")
    accounts.set_role("ann", "admin")
    assert (accounts.roles["ann"], accounts.mark("ann")) == ("admin", mark), "no session ends"
    accounts.add("ann", PASSWORD, replace=True)
    assert accounts.roles["ann"] == "admin"
    with pytest.raises(AccountError, match="no account for 'cyd'"):
        accounts.set_role("cyd", "admin")
    kept = json.loads(accounts.path.read_text("utf-8"))
    before = accounts.mark("bob")
    for user in kept["users"].values():
        del user["role"]
    accounts.path.write_text(json.dumps(kept), "utf-8")
    older = Accounts(accounts.path)
    assert older.roles == {"ann": "reviewer", "bob": "reviewer"}
    assert older.mark("bob") == before
