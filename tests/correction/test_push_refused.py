"""Pushes that the Hub refuses or that are cut: what is said, that all is as it was, and that they can be repeated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.run import Run
from tests.hub.client import client
from tests.hub.server import Hub
from tests.hub.tweets import TOKENS

MOVED = ("HubMovedError", "Someone else changed", "un the same command again")
LOST = ("HubUnreachableError", "The connection to the Hub for", "un the same command again")
LIMITED = {"RateLimit": '"api";r=0;t=42'}


@pytest.mark.parametrize(
    ("is_new", "kind", "trouble", "told"),
    [
        (True, "whoami", {"status": 401}, ("HubRefusedError", "rejects the token", "hf auth login")),
        (
            False,
            "whoami",
            {"status": 429, "headers": LIMITED},
            ("HubUnreachableError", "rate limit", "Wait 42 seconds"),
        ),
        (True, "info", {"status": 503}, ("HubUnreachableError", "status 503", "again")),
        (True, "preupload", {"status": 403, "message": "Storage is full."}, ("HubRefusedError", "Storage is", "again")),
        (True, "preupload", {"status": 429, "times": 9}, ("HubUnreachableError", "rate limit", "a few minutes")),
        (True, "upload", {"cut": True, "times": 9}, LOST),
        (False, "upload", {"cut": True, "times": 9}, LOST),
        (True, "upload", {"status": 500, "times": 9}, ("HubUnreachableError", "status 500", "again")),
        (False, "validate", {"status": 400, "message": "no"}, ("HubError", "", "again")),
        (False, "commit", {"status": 403, "message": "read-only"}, ("HubRefusedError", "read-only", "--create-pr")),
        (False, "commit", {"status": 409}, MOVED),
        (True, "commit", {"status": 412}, MOVED),
        (
            False,
            "commit",
            {"status": 429, "headers": LIMITED},
            ("HubUnreachableError", "rate limit", "Wait 42 seconds"),
        ),
        (
            False,
            "commit",
            {"status": 429, "headers": {"RateLimit": '"api";r=900;t=5'}, "message": "128 commits per hour"},
            ("HubUnreachableError", "128 commits per hour", "a few minutes"),
        ),
        (False, "resolve", {"status": 503, "times": 9}, ("HubUnreachableError", "status 503", "again")),
        (True, "create", {"status": 409}, ("HubMovedError", "", "may not see")),
        (True, "commit", {"cut": True}, LOST),
        (False, "commit", {"cut": True}, LOST),
    ],
)
def test_failed_push_leaves_all_as_it_was_and_can_be_repeated(
    hub: Hub, home: Path, push: Any, is_new: bool, kind: str, trouble: dict[str, Any], told: tuple[str, ...]
) -> None:
    name = f"ann/{kind}-{len(hub.store.repositories)}"
    hub.store.large.clear()
    if not is_new:
        hub.store.add(name, {"README.md": b"# Mine\n"})
    hub.fail(kind, **trouble)
    answer = push(name)
    assert answer.get("error") == told[0], answer
    assert told[1] in answer["what"]
    assert told[2] in answer["todo"]
    said = str(answer) + (home / "stderr.txt").read_text()
    assert [secret for secret in (*TOKENS, "s3cret") if secret in said] == []
    if not is_new:
        assert len(hub.store.dataset(name).commits) == 1
    elif kind in ("whoami", "info", "create"):
        assert ("dataset", name) not in hub.store.repositories
    else:
        assert set(hub.store.dataset(name).files) == {".gitattributes"}
        assert f"The private dataset {name} was created" in answer["todo"]
    hub.fail(kind, times=0)
    assert push(name)["commit"] == hub.store.dataset(name).refs["main"]
    title = name.split("/")[1] if is_new else "Mine"
    assert f"\n# {title}\n" in "\n" + hub.store.dataset(name).files["README.md"].decode()


def test_commit_whose_answer_is_lost_is_there(hub: Hub, push: Any) -> None:
    hub.fail("commit", lost=True)
    answer = push("ann/lost")
    assert (answer["error"], len(hub.store.dataset("ann/lost").commits)) == ("HubUnreachableError", 2)
    assert "may have arrived" in answer["todo"]
    assert push("ann/lost")["unchanged"]


def test_upload_goes_on_where_it_was_cut(hub: Hub, push: Any) -> None:
    hub.store.large.clear()
    hub.fail("upload", cut=True)
    assert push("ann/cut-once")["commit"], "one try more"


def test_base_that_moves_meanwhile_is_seen(hub: Hub, push: Any) -> None:
    repository = hub.store.add("ann/moving", {"README.md": b"# Mine\n"})
    hub.meanwhile("commit", lambda: repository.commit({"README.md": b"# Mine, and better\n"}))
    answer = push("ann/moving")
    assert answer["error"] == "HubMovedError"
    assert set(repository.files) == {"README.md"}
    assert push("ann/moving")["commit"]
    assert "# Mine, and better" in repository.files["README.md"].decode()


def test_tokens_without_the_right(hub: Hub, pushed_run: Run, tmp_path: Path) -> None:
    refused = [
        (None, "ann/none", "There is no token"),
        ("hf_wrongwrong", "ann/none", "rejects the token"),
        ("hf_wröng", "ann/none", "contains an invalid character"),
        ("hf_readreadread", "rea/none", "The token of rea may only read"),
        ("hf_finefinefine", "fin/other", "You don't have the rights to create"),
        ("hf_annannann", "bob/none", "namespace 'bob'"),
    ]
    with client(hub.endpoint, tmp_path) as nobody:
        for token, repo, what in refused:
            answer = nobody.ask("push", run=str(pushed_run.directory), repo=repo, token=token)
            assert answer.get("error") == "HubRefusedError", answer
            assert what in answer["what"]
            assert "hf_" not in str(answer)
            assert ("dataset", repo) not in hub.store.repositories


def test_nothing_can_be_proposed_to_what_is_not_there(hub: Hub, push: Any) -> None:
    answer = push("ann/nowhere", create_pr=True)
    assert answer["error"] == "HubMissingError"
    assert ("dataset", "ann/nowhere") not in hub.store.repositories
