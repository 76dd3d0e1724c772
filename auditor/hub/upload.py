"""Upload files to the Hub one by one, then commit all of them at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.compat import is_ignored
from auditor.errors import HubError
from auditor.hub.errors import RETRY, asking
from auditor.hub.repo import Target

LOST = (
    "If the connection was lost while the Hub was answering, the commit may have arrived. "
    "Either way, run the same command again: it does nothing if everything has arrived."
)
"""What to do after a commit was sent and no answer came."""


@contextmanager
def additions_of(files: Mapping[str, Path]) -> Iterator[list[Any]]:
    """Yield the operations of a commit for path in the repository → file, and keep the files open.

    The library sends open files over HTTP, which can be interrupted and reports refusals. It leaves paths to
    ``hf_xet``, if installed, which retries for minutes and does not report why.
    """
    from huggingface_hub import CommitOperationAdd

    with ExitStack() as stack:
        yield [CommitOperationAdd(path, stack.enter_context(file.open("rb"))) for path, file in files.items()]


@dataclass(frozen=True)
class Upload:
    """A commit to make.

    Attributes
    ----------
    api : huggingface_hub.HfApi
    target : Target
        State that the card was written for; if the repository has changed since, nothing is committed.
    message : str
    create_pr : bool
    listener : Listener or None
    """

    api: Any
    target: Target
    message: str
    create_pr: bool
    listener: Any

    def commit(self, files: Mapping[str, Path], stale: Sequence[str], *, private: bool) -> Any:
        """Create the repository if it does not exist, upload, and commit.

        Parameters
        ----------
        files : mapping of str to Path
            Path in the repository → file to upload.
        stale : sequence of str
            Paths to delete.
        private : bool
            Whether a new repository is private.

        Returns
        -------
        huggingface_hub.CommitInfo

        Raises
        ------
        HubRefusedError, HubMovedError, HubUnreachableError, HubError
        """
        from huggingface_hub import CommitOperationDelete

        what, todo, lost = self.target.what, RETRY, LOST
        parent = self.target.commit
        if parent is None:
            parent = self._create(private)
            created = f"The {'private' if private else 'public'} dataset {self.target.name} was created"
            todo, lost = f"{created} and is still empty. {RETRY}", f"{created}. {LOST}"
        deletions = [CommitOperationDelete(path) for path in stale]
        with additions_of(files) as additions:
            with asking(what, todo):
                self._upload(additions)
            with asking(what, todo, lost):
                return self.api.create_commit(
                    self.target.name,
                    [*additions, *deletions],
                    commit_message=self.message,
                    repo_type="dataset",
                    parent_commit=parent,
                    create_pr=self.create_pr,
                )

    def _create(self, private: bool) -> str:
        name = self.target.name
        with asking(self.target.what, f"{RETRY} If it fails again, the token may not see the existing repository."):
            self.api.create_repo(name, repo_type="dataset", private=private)
            return str(self.api.dataset_info(name).sha)

    def _upload(self, additions: Sequence[Any]) -> None:
        total, done = sum(addition.upload_info.size for addition in additions), 0
        task = self.listener.task("Uploading") if self.listener else nullcontext(lambda done, total: None)
        with task as advance:
            for addition in additions:
                self.api.preupload_lfs_files(
                    self.target.name, [addition], repo_type="dataset", create_pr=self.create_pr
                )
                if is_ignored(addition):  # the library would silently omit it from the commit
                    raise HubError(
                        f"The .gitignore of {self.target.name} excludes {addition.path_in_repo}.",
                        "Change it on the Hub, or push to another repository.",
                    )
                done += addition.upload_info.size
                advance(done, total)
