"""The command that shows a run's ranking or writes it to a file. It imports only Arrow, to stay fast."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.commands.options import JSON, KIND, RUN, TIER
from auditor.console import print_json, say, stdout
from auditor.errors import ExportError, LogError
from auditor.vocabulary import Kind, Order, Tier
from auditor.wording import counted, listed

if TYPE_CHECKING:
    import pyarrow as pa

    from auditor.api import Audit
    from auditor.ranking import Ranking

_TOP = 20
_EXTENSIONS = (".csv", ".tsv", ".json", ".jsonl", ".parquet")
_BATCH = 10_000
_ORDERS: dict[Order, str] = {
    "static": "most suspect first",
    "learnt": "in the order learnt from the verdicts",
    "fixes-per-minute": "most expected fixes a minute first",
}


def issues(
    run: Annotated[str, RUN],
    top: Annotated[
        int | None,
        typer.Option(
            help="Number of rows to show, most suspect first, flagged or not. Default: the flagged"
            f" rows, {_TOP} at most; all of them with --to.",
            min=1,
        ),
    ] = None,
    kind: Annotated[list[Kind] | None, KIND] = None,
    tier: Annotated[list[Tier] | None, TIER] = None,
    order: Annotated[
        Order,
        typer.Option(
            help="Order of the rows: static, as the audit ranked them; learnt from the verdicts so far, likeliest error"
            " first; or fixes-per-minute, by the labels that a reviewer is expected to fix per minute of reading."
        ),
    ] = "static",
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help=f"Write the rows to a file ({', '.join(_EXTENSIONS)}).")
    ] = None,
    force: Annotated[
        bool, typer.Option(help="Overwrite the file if it exists, but never the source or a run.")
    ] = False,
    as_json: Annotated[bool, JSON] = False,
) -> None:
    """Show the rows to read again, most suspect first: what the models prefer, how stable the flag is, and why.

    Example: auditor issues tweets --top 20 --tier high --kind mislabelled
    """
    if to is not None:
        to = Path(os.path.expanduser(to))
        _check_extension(to)
    from auditor.api import Audit

    audit = Audit(run)
    if to is not None:
        _check_free(to, audit, force)
    ranking = audit.ranking
    fitting = ranking.rows({"kind": kind, "tier": tier})
    if order != "static":
        place = {row: number for number, row in enumerate(audit.order(order).tolist())}
        fitting = sorted(fitting, key=lambda row: place[row])
    flagged = [row for row in fitting if ranking.is_issue[row]]
    chosen = fitting if top or kind or tier else flagged
    chosen = chosen[: top or (len(chosen) if to else _TOP)]
    nothing = None if audit.health["judged"] else audit.caution
    summary = nothing or _summary(ranking, len(fitting), len(flagged), chosen, bool(kind or tier), order)
    if to is not None:
        _write(ranking.read(chosen), to)
        if as_json:
            print_json({"file": str(to), "rows": len(chosen)})
        else:
            say(f"{summary} Written: {to}")
    elif as_json:
        print_json([row for batch in _records(ranking.read(chosen)) for row in batch])
    else:
        from auditor.commands.listing import SHOWN, print_ranking

        rows = ranking.read(chosen, SHOWN).to_pylist()
        judged = _judged(audit, rows)
        if audit.unfinished:
            say(audit.unfinished)
        already = f" Of those shown, {len(judged):,} {'is' if len(judged) == 1 else 'are'} already judged."
        say(f"{summary}{already if judged else ''}")
        if chosen:
            say("")
            print_ranking(rows, ranking.run.config.trainings, stdout(), judged)


def _summary(ranking: Ranking, fitting: int, flagged: int, chosen: Sequence[int], chooses: bool, order: Order) -> str:
    """Describe the rows to read again, those shown, and how many of these are not flagged."""
    if chooses and not fitting:
        return (
            "No row of this run matches."
            if ranking.tells_kinds()
            else "This run has no kinds and tiers: an earlier version made it. Re-create it to get them."
        )
    to_read = sum(ranking.is_issue[row] for row in chosen)
    others, noun = len(chosen) - to_read, "matching row" if chooses else "row"
    if not flagged:
        none = f"No row to read again: none of {counted(fitting, noun)} is flagged."
        more = f"Shown: the first {others:,} of the ranking." if others else f"--top {_TOP} shows the first of them."
        return f"{none} {more}"
    number = f"{to_read:,} of {counted(flagged, noun)}" if to_read < flagged else counted(to_read, noun)
    rest = f" Of the {len(chosen):,} rows shown, {others:,} {'is' if others == 1 else 'are'} not flagged."
    return f"{number} to read again, {_ORDERS[order]}.{rest if others else ''}"


def _judged(audit: Audit, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return what people have judged of rows, in words by id: ``keep by ann, relabel → joy by bob``."""
    if not audit.run.decisions.is_file():
        return {}
    from auditor.review.log.event import item_hash

    hashes = {row["id"]: item_hash(row["text"], row["given_label"]) for row in rows}
    words: dict[str, list[str]] = {}
    try:
        with audit.log(read_only=True) as log:
            ids = list(hashes)
            last = {event.item_id: event for event in log.adjudications(ids)}
            for event in (*sorted(log.standing(ids), key=lambda event: event.at), *last.values()):
                if event.item_id and event.verdict and event.item_hash == hashes[event.item_id]:
                    labels = f" → {', '.join(event.new_labels)}" if event.new_labels else ""
                    how = "adjudicated by" if event.adjudication else "by"
                    verdict = f"{event.verdict.replace('_', ' ')}{labels} {how} {event.reviewer}"
                    words.setdefault(event.item_id, []).append(verdict)
    except LogError as error:
        say(error.what)
        return {}
    return {item_id: ", ".join(parts) for item_id, parts in words.items()}


def _records(table: pa.Table) -> Iterator[list[dict[str, Any]]]:
    """Yield rows for JSON: null for numbers that are not finite."""
    for start in range(0, table.num_rows, _BATCH):
        rows: list[dict[str, Any]] = table.slice(start, _BATCH).to_pylist()
        yield [{name: None if _is_not_finite(value) else value for name, value in row.items()} for row in rows]


def _is_not_finite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _check_extension(to: Path) -> None:
    if to.suffix.lower() not in _EXTENSIONS:
        raise ExportError(
            f"{to} has the unknown extension {to.suffix!r}.",
            f"Choose from {listed(_EXTENSIONS)}.",
        )


def _check_free(to: Path, audit: Audit, force: bool) -> None:
    from auditor.data.labeled_texts import Origin
    from auditor.run.overwriting import check_file

    check_file(to, Origin.of(audit.run).sources(), force=force)


def _write(table: pa.Table, to: Path) -> None:
    from auditor.correction.export.publish import flush_all, publish_files, staging

    with staging(to) as stage:
        _write_as(to.suffix.lower(), table, stage / to.name)
        flush_all(stage)
        publish_files(stage, [to.name], to.parent)


def _write_as(extension: str, table: pa.Table, path: Path) -> None:
    from auditor.tabular import json_array, write_csv

    if extension == ".parquet":
        import pyarrow.parquet as pq

        pq.write_table(table, path)
    elif extension in (".csv", ".tsv"):
        write_csv(table, path, "\t" if extension == ".tsv" else ",")
    else:
        batches = ([json.dumps(row, ensure_ascii=False) for row in batch] for batch in _records(table))
        with path.open("w", encoding="utf-8", newline="\n") as file:
            for lines in json_array(batches) if extension == ".json" else batches:
                file.writelines(f"{line}\n" for line in lines)
