"""The command that has a language model judge rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.api import Audit
from auditor.commands.options import DB, FILTER, JSON, QUIET, RESUME, RUN, VERBOSE, listener, stoppable
from auditor.console import plain, print_json, say, stderr
from auditor.errors import ConfigError
from auditor.wording import counted

if TYPE_CHECKING:
    from auditor.estimate.shares import Share
    from auditor.review.judge.judge import Judged
    from auditor.review.judge.measure import Quality
    from auditor.review.judge.plan import JudgePlan

_ROWS = ("queue", "blind", "filter")


def judge(
    run: Annotated[str, RUN],
    model: Annotated[str, typer.Option(metavar="NAME", help="Name of the model at the endpoint.")],
    endpoint: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Address of an OpenAI-compatible API, such as http://localhost:11434/v1 (Ollama). Without it, show"
            " how well the model's verdicts so far agree with people's.",
        ),
    ] = None,
    rows: Annotated[
        str,
        typer.Option(
            metavar="queue|blind|filter",
            help="Rows to judge: flagged rows without a decision; rows drawn at random and judged by people; or those"
            " that --filter finds.",
        ),
    ] = "queue",
    filter: Annotated[str, FILTER] = "",
    guidelines: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Text file of guidelines, sent with each text. Default: those in the decision log; an empty file sends"
            " none.",
        ),
    ] = None,
    most: Annotated[int, typer.Option(help="Maximum number of rows.", min=1, max=100_000)] = 200,
    timeout: Annotated[
        float, typer.Option(metavar="SECONDS", help="Maximum seconds of each request.", min=0.1, max=3600)
    ] = 60.0,
    price_in: Annotated[
        float | None, typer.Option(help="Price of a million tokens of the requests, to estimate the cost.", min=0)
    ] = None,
    price_out: Annotated[float | None, typer.Option(help="Price of a million tokens of the answers.", min=0)] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Send the texts without asking.")] = False,
    db: Annotated[str | None, DB] = None,
    as_json: Annotated[bool, JSON] = False,
    quiet: Annotated[bool, QUIET] = False,
    verbose: Annotated[bool, VERBOSE] = False,
) -> None:
    """Have a language model judge rows, as one more reviewer whose verdicts never count as a person's.

    The texts are sent to the endpoint. If it needs a key, set the environment variable AUDITOR_API_KEY. To continue an
    interrupted run, give the command again: rows with a verdict are not sent twice.

    Example: auditor judge tweets --endpoint http://localhost:11434/v1 --model llama3.2 --rows blind
    """
    if rows not in _ROWS:
        raise ConfigError(f"--rows is {rows!r:.80}, which is unknown.", f"Choose from {', '.join(_ROWS)}.")
    if (rows == "filter") != bool(filter):
        raise ConfigError(
            "--rows filter and --filter belong together, and only one of them is given.",
            "Give both: --rows filter --filter given=joy.",
        )
    audit = Audit(run)
    done = None
    if endpoint is not None:

        def agree(plan: JudgePlan) -> bool:
            for sentence in _describe(plan):
                if as_json:
                    stderr().print(plain(sentence), soft_wrap=True)
                else:
                    say(sentence)
            return bool(plan.rows) and (yes or typer.confirm("Send them?", err=as_json))

        with stoppable(RESUME):
            done = audit.judge(
                endpoint,
                model,
                agree=agree,
                rows=rows,  # type: ignore[arg-type]  # checked above
                filter=filter,
                guidelines=guidelines,
                most=most,
                timeout=timeout,
                price_in=price_in,
                price_out=price_out,
                db=db,
                listener=listener(quiet, verbose),
            )
    quality = audit.judge_quality(model, db=db)
    if as_json:
        about: dict[str, Any] = {"judged": done and done.as_dict(), "quality": quality.as_dict()}
        print_json(about)
        return
    if done:
        _print_done(done)
    _print_quality(quality)


def _describe(plan: JudgePlan) -> Iterator[str]:
    """Describe what will be sent where, and what it will cost."""
    if plan.judged_before:
        yield f"{counted(plan.judged_before, 'row')} already judged by {plan.model} with the same instruction."
    if not plan.rows:
        yield "No row is left to judge."
        return
    place = f"{plan.host}, which is this computer" if plan.is_local else f"{plan.host}: they leave this computer"
    yield f"The texts of {counted(plan.rows, 'row')} will be sent to the model {plan.model} at {place}."
    if plan.guidelines:
        yield f"The guidelines in the decision log, version {plan.guidelines}, are sent with each text."
    cost = "" if plan.cost is None else f", cost about {plan.cost:.2f}"
    minutes = max(round(plan.seconds / 60), 1)
    yield (
        f"About {plan.tokens_in:,} tokens in and {plan.tokens_out:,} out{cost}; about {counted(minutes, 'minute')}."
        + (f" {plan.more:,} more rows are beyond --most." if plan.more else "")
    )


def _print_done(done: Judged) -> None:
    cost = "" if done.cost is None else f", cost {done.cost:.4f}"
    say(
        f"{done.judged:,} of {counted(done.asked, 'row')} judged in {done.seconds:,.1f} s: "
        f"{done.tokens_in:,} tokens in, {done.tokens_out:,} out{cost}."
    )
    if done.without:
        reasons = ", ".join(f"{status} {count:,}" for status, count in sorted(done.without.items()))
        say(f"Without a verdict: {reasons}. Run the same command to ask about these rows again.")


def _print_quality(found: Quality) -> None:
    if not found.cards:
        say(
            f"It is not known how well {found.model} judges: it has not judged any card that was drawn at random and"
            " judged by a person. Have it judge such cards: --rows blind."
        )
        return
    say(f"On {counted(found.cards, 'card')} drawn at random and judged by people (95 % intervals):")
    for name, measured in (
        ("of the labels that it would change, people reject (precision)", found.flagging.precision),
        ("of the labels that people reject, it would change (recall)", found.flagging.recall),
        ("cards with the same label from it and from people (agreement)", found.agreement),
    ):
        say(f"  {name}: {_share(measured)}")


def _share(found: Share) -> str:
    if found.value is None:
        return "no such card"
    return (
        f"{100 * found.value:.0f} % ({100 * found.low:.0f} to {100 * found.high:.0f}), {found.count:,} of {found.of:,}"
    )
