"""What the Hub on this machine answers to each kind of request."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import yaml

from tests.hub.store import Commit, RefusedError, Repository, Store, blob_id, is_large

if TYPE_CHECKING:
    from tests.hub.server import Request

Answer = tuple[dict[str, str], bytes]
_REFUSED = {"user/gated": (403, "GatedRepo"), "user/private": (401, "RepoNotFound"), "user/down": (503, "")}
"""Repositories that are what their names say, whoever asks."""


def _json(answer: object, **headers: str) -> Answer:
    return {"Content-Type": "application/json", **headers}, json.dumps(answer, default=str).encode()


def _find(store: Store, request: Request, type: str | None, name: str) -> Repository:
    if name in _REFUSED:
        raise RefusedError(*_REFUSED[name])
    return store.find("dataset" if type in ("dataset", "/datasets") else type or "model", name, request.person)


def _may_write(store: Store, request: Request, repository: Repository) -> None:
    """Refuse who may not write; a pull request may be proposed by whoever may read."""
    if request.user.role != "read" and ("create_pr" in request.query or request.user.may_write(repository.name)):
        return
    raise RefusedError(403, "", "Forbidden: you must use a write token to upload to a repository.")


def nothing(store: Store, request: Request) -> Answer:
    raise RefusedError(404, "RepoNotFound", f"Cannot {request.method} {request.path}")


def whoami(store: Store, request: Request) -> Answer:
    user = request.user
    return _json(
        {
            "type": "user",
            "name": user.name,
            "orgs": [{"name": name} for name in user.organisations],
            "auth": {"type": "access_token", "accessToken": {"displayName": "test", "role": user.role}},
        }
    )


def create(store: Store, request: Request) -> Answer:
    given = json.loads(request.body)
    type = given.get("type", "model")
    name = f"{given['organization'] or request.user.name}/{given['name']}"
    made = store.create(type, name, request.user, given.get("visibility") == "private")
    prefix = "" if type == "model" else f"{type}s/"
    return _json({"url": f"{request.endpoint}/{prefix}{made.name}", "name": made.name, "id": "1"})


def validate(store: Store, request: Request) -> Answer:
    """Take metadata that is a mapping, with a licence and languages that look like such."""
    content = json.loads(request.body)["content"]
    block = re.match(r"\s*---\r?\n([\s\S]*?)\r?\n---", content)
    data = yaml.safe_load(block[1]) if block else {}
    wrong = [] if isinstance(data, dict) else ["metadata must be an object"]
    if not wrong:
        names = [each.get("config_name") for each in data.get("configs") or []]
        wrong += ["configs: names must be unique"] * (len(set(names)) != len(names))
        wrong += ["license: must be a string"] * (not isinstance(data.get("license", ""), str | list))
        languages = data.get("language", "")
        languages = languages if isinstance(languages, list) else [languages]
        wrong += ["language: must be a string"] * (not all(isinstance(each, str) for each in languages))
    if wrong:
        raise RefusedError(400, "", "; ".join(wrong))
    return _json({"errors": [], "warnings": []})


def info(store: Store, request: Request, type: str, name: str, revision: str | None) -> Answer:
    repository = _find(store, request, type, name)
    commit = repository.find(revision or "main")
    about = {
        "id": name,
        "sha": commit.oid,
        "private": repository.private,
        "siblings": [{"rfilename": path} for path in commit.files],
    }
    if (card := _metadata(commit)) is not None:
        about["cardData"] = card
    return _json(about)


def _metadata(commit: Commit) -> Any:
    block = re.match(rb"\s*---\r?\n([\s\S]*?)\r?\n---", commit.files.get("README.md", b""))
    try:
        data = yaml.safe_load(block[1]) if block else None
    except yaml.YAMLError:
        return None
    return data if isinstance(data, dict) else None


def refs(store: Store, request: Request, type: str, name: str) -> Answer:
    repository = _find(store, request, type, name)
    pulls = [{"name": ref, "ref": ref, "targetCommit": repository.refs[ref]} for ref in repository.pull_requests]
    main = {"name": "main", "ref": "refs/heads/main", "targetCommit": repository.refs["main"]}
    return _json({"branches": [main], "tags": [], "converts": [], "pullRequests": pulls})


def tree(store: Store, request: Request, type: str, name: str, revision: str, folder: str | None) -> Answer:
    """All files below a folder; folders themselves only where one asks for a single level."""
    files = _find(store, request, type, name).find(revision).files
    prefix = f"{folder}/" if folder else ""
    below = {path: data for path, data in files.items() if path.startswith(prefix)}
    if prefix and not below:
        raise RefusedError(404, "EntryNotFound", f"{folder} does not exist")
    deep = request.query.get("recursive", [""])[0].casefold() in ("true", "1")
    found = {path: _entry(path, data) for path, data in below.items() if deep or "/" not in path[len(prefix) :]}
    folders = {prefix + path[len(prefix) :].split("/")[0] for path in below if "/" in path[len(prefix) :]}
    listed = [{"type": "directory", "path": path, "oid": "0" * 40, "size": 0} for path in sorted(folders)]
    return _json([*listed, *found.values()])


def paths(store: Store, request: Request, type: str, name: str, revision: str) -> Answer:
    files = _find(store, request, type, name).find(revision).files
    is_json = request.headers.get("Content-Type", "").startswith("application/json")
    asked = json.loads(request.body)["paths"] if is_json else parse_qs(request.body.decode())["paths"]
    found = [_entry(path, files[path]) for path in asked if path in files]
    folders = [
        {"type": "directory", "path": path, "oid": "0" * 40, "size": 0}
        for path in asked
        if path not in files and any(each.startswith(f"{path}/") for each in files)
    ]
    return _json([*found, *folders])


def _entry(path: str, data: bytes) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": blob_id(data)}
    if is_large(path, len(data)):
        entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
    return entry


def resolve(store: Store, request: Request, prefix: str | None, name: str, revision: str, path: str) -> Answer:
    repository = _find(store, request, prefix, name)
    commit = repository.find(revision)
    if path not in commit.files:
        raise RefusedError(404, "EntryNotFound", f"{path} does not exist")
    data = commit.files[path]
    tag = hashlib.sha256(data).hexdigest() if is_large(path, len(data)) else blob_id(data)
    return {"ETag": f'"{tag}"', "X-Repo-Commit": commit.oid}, data


def preupload(store: Store, request: Request, type: str, name: str, revision: str) -> Answer:
    """Say of each file how it is to be sent, what the Hub has under its path, and whether ``.gitignore`` names it."""
    repository = _find(store, request, type, name)
    _may_write(store, request, repository)
    files, answer = repository.find(revision).files, []
    ignored = files.get(".gitignore", b"").decode().split()
    for file in json.loads(request.body)["files"]:
        large = is_large(file["path"], file["size"])
        ignore = any(fnmatch(file["path"], pattern) for pattern in ignored)
        about = {"path": file["path"], "uploadMode": "lfs" if large else "regular", "shouldIgnore": ignore}
        if (there := files.get(file["path"])) is not None:
            about["oid"] = hashlib.sha256(there).hexdigest() if large else blob_id(there)
        answer.append(about)
    return _json({"files": answer})


def batch(store: Store, request: Request, prefix: str | None, name: str) -> Answer:
    """Give the address to send each large file to, unless it is known already."""
    _find(store, request, prefix, name)
    _ = request.user
    objects = []
    for each in json.loads(request.body)["objects"]:
        about = {"oid": each["oid"], "size": each["size"]}
        if each["oid"] not in store.large:
            about["actions"] = {"upload": {"href": f"{request.endpoint}/large/{each['oid']}?signature=s3cret"}}
        objects.append(about)
    return _json({"transfer": "basic", "objects": objects})


def upload(store: Store, request: Request, oid: str) -> Answer:
    if hashlib.sha256(request.body).hexdigest() != oid:
        raise RefusedError(400, "", "BadDigest")
    store.large[oid] = request.body
    return {"ETag": f'"{oid}"'}, b""


def commit(store: Store, request: Request, type: str, name: str, revision: str) -> Answer:
    """Take a commit's lines: all of it, or nothing."""
    repository = _find(store, request, type, name)
    _may_write(store, request, repository)
    header: dict[str, str] = {}
    changes: dict[str, bytes | None] = {}
    for line in request.body.splitlines():
        key, value = (given := json.loads(line))["key"], given["value"]
        if key == "header":
            header = value
        elif key == "file":
            changes[value["path"]] = base64.b64decode(value["content"])
        elif key == "lfsFile":
            if value["oid"] not in store.large:
                raise RefusedError(400, "", f"LFS object {value['oid']} was never uploaded")
            changes[value["path"]] = store.large[value["oid"]]
        elif key == "deletedFile":
            if value["path"] not in repository.find(header.get("parentCommit", revision)).files:
                raise RefusedError(404, "EntryNotFound", "A file with this name doesn't exist")
            changes[value["path"]] = None
    as_pr = "create_pr" in request.query
    made, ref = repository.commit(changes, header["summary"], parent=header.get("parentCommit"), as_pr=as_pr)
    page = f"{request.endpoint}/{type}s/{name}"
    answer = {"success": True, "commitOid": made.oid, "commitUrl": f"{page}/commit/{made.oid}", "hookOutput": ""}
    if as_pr:
        answer["pullRequestUrl"] = f"{page}/discussions/{ref.rsplit('/', 1)[1]}"
    return _json(answer)
