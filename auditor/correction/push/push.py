"""Push: corrected labels with their patch and card, to the Hub in one commit."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from auditor.config import CORRECTED
from auditor.correction.decide.corrections import Corrections
from auditor.correction.decide.summary import Summary
from auditor.correction.export.labels import mirror_notes
from auditor.correction.export.publish import flush_all, publish_folder, staging
from auditor.correction.push.card import (
    MARK,
    ORIGINAL,
    has_original,
    name_of_original,
    new_card,
    read_card,
    write_card,
)
from auditor.correction.push.facts import Facts, gather
from auditor.correction.push.markdown import one_line
from auditor.correction.push.remote import check_patterns, declare_data, licence_of, stale_files
from auditor.correction.push.staging import Staged, stage
from auditor.errors import ExportError, HubMissingError, HubRefusedError, HubUnreachableError, StorageError
from auditor.hub.errors import asking
from auditor.hub.repo import CARD, Target, find_target, quiet_library
from auditor.hub.upload import Upload
from auditor.run import Run
from auditor.run.overwriting import check_place
from auditor.storage import scratch
from auditor.wording import counted, listed

_NAME = re.compile(r"[A-Za-z0-9_][\w.-]{0,95}", re.ASCII)


@dataclass(frozen=True)
class Pushed:
    """Result of a push.

    Attributes
    ----------
    repo, url : str
        ``user/name``, and the URL of its page.
    commit : str or None
        Newest commit of the repository, or that of the pull request; None for a dry run.
    pr_url : str or None
        URL of the pull request, if one was opened.
    unchanged : bool
        Whether the repository was already up to date.
    files : tuple of str
        Paths in the repository.
    folder : Path or None
        Folder of a dry run.
    summary : Summary
    notes : tuple of str
        Sentences to show to the user.
    """

    repo: str
    url: str
    commit: str | None
    pr_url: str | None
    unchanged: bool
    files: tuple[str, ...]
    folder: Path | None
    summary: Summary
    notes: tuple[str, ...]


def push(
    corrections: Corrections,
    repo: str,
    *,
    run: Run,
    private: bool | None = None,
    create_pr: bool = False,
    config_name: str = CORRECTED,
    original: bool = True,
    provenance: bool = False,
    token: str | None = None,
    dry_run: Path | None = None,
    message: str | None = None,
    listener: Any = None,
) -> Pushed:
    """Push corrected labels to a dataset on the Hub, in one commit: Parquet files, the patch, a picture and the card.

    Parameters
    ----------
    corrections : Corrections
        Corrections of the run's dataset.
    repo : str
        ``user/name``, or ``name`` in your own account. Created if it does not exist.
    run : Run
        Audit that the card describes.
    private : bool, optional
        Visibility of a new repository, private by default. An existing one keeps its own.
    create_pr : bool
        Propose the commit as a pull request.
    config_name : str
        Configuration of the corrected labels for ``load_dataset``.
    original : bool
        Also push the given labels as the configuration ``original`` (``<config_name>-original`` unless
        ``config_name`` is ``corrected``). For a dataset from the Hub, the card names its commit instead.
    provenance : bool
        Add columns with the origin of each label.
    token : str, optional
        Access token. Default: the one stored by ``hf auth login``.
    dry_run : Path, optional
        Write everything to this folder, and push nothing.
    message : str, optional
        First line of the commit.
    listener : Listener, optional
        Receives the progress.

    Raises
    ------
    ExportError
        If a name is not allowed, or no row is left.
    HubRefusedError, HubMovedError, HubUnreachableError, HubMissingError, HubError
        The repository is then unchanged, and the call can be repeated.
    """
    from huggingface_hub import HfApi

    _check_names(repo, config_name)
    api = HfApi(token=token, library_name="auditor")
    notes: list[str] = []
    with quiet_library(), scratch("auditor-push-") as folder:
        target = _find_target(api, repo, dry_run is not None, notes)
        if dry_run is None:
            _check_options(target, private, create_pr, notes)
        facts = gather(run, corrections)
        original = original and facts.hub is None
        with _temporary_space(folder):
            staged = stage(corrections, facts, folder, config_name, original=original, provenance=provenance)
        stale = _add_card(api, target, staged, facts, config_name, notes)
        notes += [*mirror_notes(corrections), *_warnings(facts.summary, original, config_name)]
        pushed = Pushed(
            target.name,
            f"{api.endpoint}/datasets/{target.name}",
            commit=None,
            pr_url=None,
            unchanged=False,
            files=staged.files,
            folder=dry_run,
            summary=facts.summary,
            notes=tuple(notes),
        )
        if dry_run is not None:
            _keep(staged.folder, dry_run)
            return pushed
        upload = Upload(api, target, one_line(message or _message(facts.summary), 200), create_pr, listener)
        info = upload.commit(staged.paths, stale, private=private is not False)
    # Without anything to commit, the library returns the newest commit.
    return replace(
        pushed, commit=info.oid, pr_url=info.pr_url if create_pr else None, unchanged=info.oid == target.commit
    )


def _add_card(
    api: Any, target: Target, staged: Staged, facts: Facts, config_name: str, notes: list[str]
) -> tuple[str, ...]:
    """Write the card after checking that all files are compatible. Return the paths to delete."""
    card = read_card(new_card(target.name) if target.card is None else target.card, target.name)
    if target.commit is not None:
        with asking(target.what):
            declare_data(target, card, api.token)
    original = name_of_original(config_name)
    if original not in staged.splits and has_original(card, config_name):
        notes.append(f"The configuration {original!r} of an earlier push stays in the repository, with all its rows.")
    stale = stale_files(target, card, staged)
    check_patterns(target, card, staged.folder)
    taken, note = licence_of(api, facts.hub)
    text = write_card(card, target.name, config_name, facts, staged.splits, taken, staged.renamed)
    (staged.folder / CARD).write_bytes(text.encode())
    notes += [note] if note else []
    notes += [f"The split {old!r} is named {new!r} on the Hub." for old, new in staged.renamed.items()]
    notes += [f"The split {split!r} has no rows and is left out." for split in staged.empty]
    return stale


def _check_names(repo: str, config_name: str) -> None:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(repo)
    except HFValidationError:
        raise ExportError(
            f"{one_line(repo)!r} cannot be the name of a dataset on the Hub.", "Name it like user/name."
        ) from None
    taken = re.fullmatch(rf"{re.escape(CARD)}|(.*-)?{ORIGINAL}", config_name, re.IGNORECASE)
    if not _NAME.fullmatch(config_name) or taken:
        raise ExportError(
            f"{one_line(config_name)!r} cannot be the name of the corrected labels' configuration.",
            f"Use letters, digits, points and hyphens, and no name that is {CARD!r} or ends in {ORIGINAL!r}.",
        )


def _find_target(api: Any, repo: str, dry: bool, notes: list[str]) -> Target:
    """Look up the repository. A dry run continues if the Hub does not answer."""
    try:
        return find_target(api, repo, for_writing=not dry)
    except (HubUnreachableError, HubRefusedError) as error:
        if not dry:
            raise
        notes.append(f"The card is written as for a new dataset: {error.what}")
        return Target(repo)


def _check_options(target: Target, private: bool | None, create_pr: bool, notes: list[str]) -> None:
    if target.commit is None:
        if create_pr:
            raise HubMissingError(
                f"The Hub has no dataset {target.name}, or this token may not see it, so no change can be proposed.",
                "Check the name, or push without --create-pr to create it.",
            )
        notes.append(f"{target.name} is new and {'public' if private is False else 'private'}.")
    elif private and not target.private:
        raise HubRefusedError(
            f"The dataset {target.name} is public, so everyone could read the pushed data. Nothing was pushed.",
            "Push to another repository, make this one private on its settings page, or omit --private.",
        )
    elif private is False and target.private:
        notes.append(f"{target.name} stays private. To change that, use its settings page.")


def _message(summary: Summary) -> str:
    changed, left_out = summary.changed - summary.changed_by_class, summary.excluded - summary.excluded_by_class
    message = f"Corrected labels: {counted(changed, 'label')} changed, {counted(left_out, 'row')} left out"
    if not summary.class_changes:
        return message
    return (
        f"{message}; with their class, {counted(summary.changed_by_class, 'label')} renamed,"
        f" {counted(summary.excluded_by_class, 'row')} left out"
    )


def _warnings(summary: Summary, original: bool, config_name: str) -> list[str]:
    """Return notes for a person about to publish the data."""
    notes = []
    if summary.reviewers:
        notes.append(f"{config_name}/patch.jsonl names the reviewers: {listed(summary.reviewers)}.")
    if original and summary.excluded:
        notes.append(
            f"The configuration {name_of_original(config_name)!r} also holds the rows left out"
            f" ({counted(summary.excluded, 'row')}). To omit it, add --no-original."
        )
    if not summary.judged:
        notes.append("This run has no decisions yet.")
    return notes


@contextmanager
def _temporary_space(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"The files to push cannot be written to {folder}: {error.strerror or error}.",
            "Free disk space there, or name another folder for temporary files in TMPDIR.",
        ) from error


def _keep(staged: Path, place: Path) -> None:
    """Move a dry run's files to the user's folder, replacing an earlier dry run."""
    card = place / CARD
    is_own = card.is_file() and MARK in card.read_text("utf-8", "replace")
    if place.exists() and not is_own and not (place.is_dir() and not any(place.iterdir())):
        raise ExportError(f"{place} exists and is not a dry run of a push.", "Name another folder with --to.")
    check_place(place, is_own=is_own)
    with staging(place) as folder:
        for path in sorted(staged.rglob("*")):  # folders first; copytree would report each file on a full disk
            to = folder / path.relative_to(staged)
            to.mkdir() if path.is_dir() else shutil.copyfile(path, to)
        flush_all(folder)
        publish_folder(folder, place)
