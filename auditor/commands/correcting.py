"""The commands that write a corrected dataset to files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from auditor.api import Audit
from auditor.commands.options import (
    ABOVE,
    ADD_CLASSES,
    CHANGED_ONLY,
    DB,
    FILTER,
    FORCE,
    FORMAT,
    GUARD,
    JSON,
    LABEL_NAMES,
    LEAVE_OUT,
    LEAVES_OUT,
    POLICY,
    RAW,
    REVIEWER,
    RUN,
    TIES,
    TO,
    UNREVIEWED,
    VERDICT_LIST,
    WRONG_AT_MOST,
)
from auditor.console import print_json, say
from auditor.correction.decide.policy import Policy, in_words
from auditor.errors import ConfigError
from auditor.validation import read_share
from auditor.vocabulary import LEFT_OUT, VERDICTS
from auditor.wording import counted, listed

if TYPE_CHECKING:
    from auditor.correction.decide.summary import Summary
    from auditor.correction.export.export import Exported

FORMATS: dict[str, Any] = {
    name: "lines" if name == "txt" else name
    for name in ("csv", "tsv", "txt", "fasttext", "jsonl", "json", "xlsx", "parquet", "arrow")
}
"""Formats by their names on the command line."""
_SHOWN = 5
"""Maximum number of pairs of labels, and of ids, in the terminal."""


def export(
    run: Annotated[str, RUN],
    above: Annotated[float | None, ABOVE] = None,
    to: Annotated[Path | None, TO] = None,
    format: Annotated[str | None, FORMAT] = None,
    leave_out: Annotated[str, LEAVE_OUT] = LEAVES_OUT,
    ties: Annotated[str, TIES] = POLICY.ties,
    unreviewed: Annotated[str, UNREVIEWED] = POLICY.unreviewed,
    wrong_at_most: Annotated[str | None, WRONG_AT_MOST] = None,
    add_classes: Annotated[bool, ADD_CLASSES] = False,
    verdicts: Annotated[str, VERDICT_LIST] = "",
    changed_only: Annotated[bool, CHANGED_ONLY] = False,
    reviewer: Annotated[list[str] | None, REVIEWER] = None,
    filter: Annotated[str, FILTER] = "",
    provenance: Annotated[
        bool, typer.Option(help="Add columns with the origin of each label: given label, verdict, reviewers …")
    ] = False,
    label_names: Annotated[bool, LABEL_NAMES] = False,
    raw: Annotated[bool, RAW] = False,
    guard: Annotated[bool, GUARD] = False,
    encoding: Annotated[str | None, typer.Option(help="Text encoding of the file. Default: the source's.")] = None,
    db: Annotated[str | None, DB] = None,
    force: Annotated[bool, FORCE] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Write the corrected dataset: the source's columns, order and types, with the labels that reviewers decided.

    Rows left out go to a file `excluded` beside it. A record lists what was done.

    Example: auditor export tweets --to clean.parquet
    """
    if to is None:
        raise ConfigError("The option --to is missing.", "Name a file or a folder: --to clean.parquet.")
    check_format(format)
    policy = make_policy(
        leave_out, unreviewed, above, add_classes, verdicts, changed_only, reviewer or (), ties, wrong_at_most
    )
    done = Audit(run).export(
        to,
        policy,
        db=db,
        filter=filter,
        format=FORMATS[format] if format else None,
        provenance=provenance,
        raw=raw,
        guard=guard,
        label_names=label_names,
        force=force,
        encoding=encoding,
    )
    print_outcome(done, policy, as_json)


def check_format(given: str | None) -> None:
    """Refuse an unknown format.

    Raises
    ------
    ConfigError
    """
    if given is not None and given not in FORMATS:
        raise ConfigError(f"--format is {given!r}, which is unknown.", f"Choose from {', '.join(FORMATS)}.")


def make_policy(
    leave_out: str,
    unreviewed: str,
    above: float | None,
    add_classes: bool,
    verdicts: str,
    changed_only: bool,
    reviewers: Any,
    ties: str = POLICY.ties,
    wrong_at_most: str | None = None,
) -> Policy:
    """Make a policy from the options.

    Raises
    ------
    ConfigError
        If a word is unknown, or a threshold or share is missing or not a number from 0 to 1.
    """
    word, _, threshold = unreviewed.partition("=")
    choices = get_args(Policy.model_fields["unreviewed"].annotation)
    if word not in choices:
        raise ConfigError(f"--unreviewed is {unreviewed!r}, which is unknown.", f"Choose from {', '.join(choices)}.")
    if ties not in (allowed := get_args(Policy.model_fields["ties"].annotation)):
        raise ConfigError(f"--ties is {ties!r}, which is unknown.", f"Choose from {', '.join(allowed)}.")
    if (word == "suggest") != (wrong_at_most is not None):
        raise ConfigError(
            "--unreviewed suggest and --wrong-at-most belong together, and only one of them is given.",
            "Give both: --unreviewed suggest --wrong-at-most 5%.",
        )
    if threshold or above is not None:
        try:
            value = float(threshold or above or 0)
        except ValueError:
            value = -1.0
        if word != "suggest-above" or (threshold and above is not None) or not 0 <= value <= 1:
            raise ConfigError(
                f"{threshold or above} is not a valid threshold for --unreviewed {word}.",
                "Give a number from 0 to 1: --unreviewed suggest-above 0.99.",
            )
    else:
        value = POLICY.above
    return Policy(
        leave_out=_words("--leave-out", leave_out, LEFT_OUT),
        ties=ties,  # type: ignore[arg-type]  # checked above
        unreviewed=word,  # type: ignore[arg-type]  # checked above
        above=value,
        wrong_at_most=None if wrong_at_most is None else read_share("--wrong-at-most", wrong_at_most),
        add_classes=add_classes,
        verdicts=_words("--verdicts", verdicts, VERDICTS),
        changed_only=changed_only,
        reviewers=tuple(reviewers),
    )


def print_outcome(done: Exported, policy: Policy, as_json: bool) -> None:
    """Print the outcome and the policy of an export."""
    if as_json:
        about = {
            "files": [str(path) for path in done.files],
            "record": str(done.record),
            "policy": policy.model_dump(mode="json"),
            "summary": asdict(done.summary),
            "notes": done.notes,
        }
        print_json(about)
        return
    lines = [f"Policy: {' '.join(in_words(policy))}", *sentences(done.summary), *done.notes]
    lines += [f"Written: {path}" for path in done.files]
    for line in [*lines, f"Record:  {done.record}"]:
        say(line)


def sentences(summary: Summary) -> list[str]:
    """Describe in sentences what was decided and what it changes."""
    rows = f"{summary.judged:,} of {counted(summary.rows, 'row')} judged"
    by = f" by {listed(summary.reviewers)}" if summary.reviewers else ""
    verdicts = ", ".join(f"{name} {number:,}" for name, number in summary.verdicts.items())
    lines = [
        f"{rows}{by}{': ' + verdicts if verdicts else ''}.",
        f"{counted(summary.changed, 'label')} changed, {counted(summary.excluded, 'row')} left out,"
        f" {summary.written:,} written.",
    ]
    if summary.suggested:
        lines.append(f"{counted(summary.suggested, 'label')} of these changed by the models alone, without a verdict.")
    if summary.confusions:
        pairs = [f"{given} → {new} {rows:,}" for given, new, rows in summary.confusions]
        lines.append(f"Changes: {listed(pairs, most=_SHOWN)}.")
    if summary.new_classes:
        lines.append(f"New classes: {listed(summary.new_classes)}.")
    if summary.class_changes:
        lines.append(summary.class_sentence)
    lines += [f"Unchanged, {name}: {listed(ids, most=_SHOWN)}." for name, ids in summary.marked.items()]
    return lines


def _words(option: str, given: str, choices: Any) -> Any:
    words = [word.strip() for word in given.split(",") if word.strip()]
    unknown = [word for word in words if word not in choices]
    if unknown:
        raise ConfigError(
            f"{option} names {', '.join(map(repr, unknown))}, which is unknown.", f"Choose from {', '.join(choices)}."
        )
    return tuple(dict.fromkeys(words))
