"""What the Hub on this machine holds: repositories with their commits, people with their tokens, large files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

COMMIT = "c0ffee" + "0" * 34
"""The first commit of every repository that the Hub starts with."""

Files = dict[str, bytes]


class RefusedError(Exception):
    """An answer that is not 200, as the Hub gives it."""

    def __init__(
        self, status: int, code: str = "", message: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, code, message)
        self.status, self.code, self.message, self.headers = status, code, message, dict(headers or {})


@dataclass(frozen=True)
class Person:
    """Whose a token is, and what it may do: ``read``, ``write`` or ``fineGrained`` (writes to ``writes`` alone)."""

    name: str
    role: str = "write"
    organisations: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()

    def may_write(self, repository: str) -> bool:
        if self.role == "fineGrained":
            return repository in self.writes
        return self.role == "write" and repository.split("/")[0] in (self.name, *self.organisations)


@dataclass(frozen=True)
class Commit:
    oid: str
    title: str
    files: Files
    parent: str | None = None
    description: str = ""


@dataclass
class Repository:
    """Commits by their hash, and the names that point to them: ``main``, ``refs/pr/1``."""

    type: str
    name: str
    private: bool = False
    commits: dict[str, Commit] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)

    def begin(self, files: Mapping[str, bytes], oid: str | None = None) -> None:
        self._add(Commit(oid or _hash("initial", self.name), "initial commit", dict(files)), "main")

    def find(self, revision: str = "main") -> Commit:
        oid = self.refs.get(revision.removeprefix("refs/heads/"), revision)
        if oid not in self.commits:
            raise RefusedError(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        return self.commits[oid]

    @property
    def files(self) -> Files:
        """What ``main`` has."""
        return self.find().files

    @property
    def pull_requests(self) -> list[str]:
        return [name for name in self.refs if name.startswith("refs/pr/")]

    def commit(
        self,
        changes: Mapping[str, bytes | None],
        title: str = "Change",
        *,
        parent: str | None = None,
        as_pr: bool = False,
    ) -> tuple[Commit, str]:
        """Add a commit; None deletes a file. The commit, and the name that points to it."""
        base = self.find(parent or "main")
        if not as_pr and base.oid != self.refs["main"]:
            raise RefusedError(412, "", "A commit has happened since. Please refresh and try again.")
        files = {**base.files, **changes}
        kept = {path: data for path, data in files.items() if data is not None}
        ref = f"refs/pr/{len(self.pull_requests) + 1}" if as_pr else "main"
        made = Commit(_hash(base.oid, title, str(len(self.commits))), title, kept, base.oid)
        self._add(made, ref)
        return made, ref

    def _add(self, commit: Commit, ref: str) -> None:
        self.commits[commit.oid] = commit
        self.refs[ref] = commit.oid


@dataclass
class Store:
    """Everything. ``large`` are files by SHA-256, as Git LFS keeps them."""

    repositories: dict[tuple[str, str], Repository] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    large: dict[str, bytes] = field(default_factory=dict)

    def add(self, name: str, files: Mapping[str, bytes], *, type: str = "dataset", private: bool = False) -> Repository:
        made = Repository(type, name, private)
        made.begin(files, COMMIT)
        self.repositories[type, name] = made
        return made

    def dataset(self, name: str) -> Repository:
        return self.repositories["dataset", name]

    def find(self, type: str, name: str, person: Person | None) -> Repository:
        """A repository that somebody may see; to others it is not there."""
        found = self.repositories.get((type, name))
        if found is None or (found.private and not self.may_read(person, name)):
            raise (
                RefusedError(404, "RepoNotFound", "Repository not found")
                if person
                else RefusedError(401, "RepoNotFound", "Invalid username or password.")
            )
        return found

    def may_read(self, person: Person | None, name: str) -> bool:
        return person is not None and name.split("/")[0] in (person.name, *person.organisations)

    def create(self, type: str, name: str, person: Person, private: bool) -> Repository:
        if not person.may_write(name):
            raise RefusedError(
                403, "", f"You don't have the rights to create a {type} under the namespace {name.split('/')[0]!r}."
            )
        if (type, name) in self.repositories:
            raise RefusedError(409, "", f"You already created this {type} repo")
        made = Repository(type, name, private)
        made.begin({".gitattributes": b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"})
        self.repositories[type, name] = made
        return made


def is_large(path: str, size: int) -> bool:
    """Whether the Hub has a file uploaded apart from the commit."""
    return path.endswith((".parquet", ".png", ".safetensors", ".bin")) or size > 10 * 2**20


def blob_id(data: bytes) -> str:
    """Git's name of a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _hash(*parts: str) -> str:
    return hashlib.sha1("\n".join(parts).encode()).hexdigest()
