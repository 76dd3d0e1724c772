"""Sentences: an estimate in words, the same in the terminal, the report and the dataset's card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, floor

from auditor.estimate.agreement import ENOUGH, Alpha
from auditor.estimate.certificate import Step
from auditor.estimate.shares import Share
from auditor.review.feed.agreement import Agreement, People
from auditor.review.feed.certified import CertificateStatus
from auditor.review.feed.estimate import Estimate, Part, Range
from auditor.review.feed.people import Budget
from auditor.review.feed.served import Reviewers
from auditor.wording import counted

MEANING = (
    "Wrong means that the people who judged would not uphold the label. The interval assumes that a row's outcome "
    "does not depend on who judges it, when, or what is shown."
)
NO_POINT = "There is no point estimate: the cards drawn at random are too few, or all right, or all wrong."
"""Why only the interval is given, :attr:`auditor.estimate.interval.Interval.has_point`."""
AGREEMENT_MEANING = (
    "Krippendorff's α is 1 where all agree and 0 where they agree no more than by chance; he advises at least 0.8, or "
    "0.667 for tentative conclusions. Bulk verdicts, models' verdicts, adjudications and 'unsure' do not count."
)
_FEW = 10
"""Minimum number of cards for a statement on the reviewers."""
_CARDS = 100
"""Number of blind cards in the outlook."""


def number(estimate: Estimate) -> str:
    """Say how many labels are wrong and how many are left, or that nobody can know yet.

    >>> number(estimate)  # doctest: +SKIP
    '7.9 % of the 6,000 audited labels are wrong (95 %: 6.6 to 10.1), by 140 cards drawn at random and verdicts on …'
    """
    rate, left, found, rows = estimate.rate, estimate.left, estimate.found_at_least, estimate.rows
    if not rows:
        return "No row of this run was audited: there is nothing to estimate."
    if estimate.judged == rows:
        return (
            f"Every row is judged: {estimate.found:,} of {counted(rows, 'audited label')} "
            f"{'is' if estimate.found == 1 else 'are'} wrong ({points(estimate.found / rows)} %)."
        )
    if rate is None or left is None or found is None:
        return "How many labels are wrong is not known: nobody has judged a card drawn at random."
    others, labels = estimate.judged - estimate.blind, counted(rows, "audited label")
    sentence = (
        f"{ends(rate)} % of the {labels} are wrong (95 % interval), by "
        if rate.value is None
        else f"{points(rate.value)} % of the {labels} are wrong (95 %: {ends(rate)}), by "
    )
    sentence += f"{counted(estimate.blind, 'card')} drawn at random"
    sentence += f" and verdicts on {counted(others, 'other row')}" if others > 0 else ""
    if estimate.drifted:
        return (
            f"{sentence}. No number of wrong labels agrees with all cards so far: verdicts have changed, or this is "
            "one of the few audits in which the interval misses. The interval shown is not guaranteed."
        )
    least, between = floor(100 * found), f"{left.low:,.0f} to {left.high:,.0f}"
    between = between if left.value is None else f"about {round(left.value):,} ({between})"
    sentence += f"; {between} are left unread"
    sentence += f"; at least {least} % of the wrong ones have been found." if least else "."
    return sentence if left.value is not None else f"{sentence} {NO_POINT}"


def with_ambiguous(estimate: Estimate) -> str | None:
    """Say how many labels are wrong or ambiguous; None if no ambiguous row makes a difference."""
    if estimate.rate is None or estimate.problems is None or estimate.problems == estimate.rate:
        return None
    return f"With the ambiguous rows, it is {_in_percent(estimate.problems)}."


def outlook(estimate: Estimate, run: str = "RUN") -> str | None:
    """Say what the next cards drawn at random would tell, or whether reviewing can stop; ``run`` as it is typed."""
    if estimate.judged == estimate.rows:
        return None
    if estimate.rate is None:
        plan = next((plan for plan in estimate.plan if plan.cards >= _CARDS), estimate.plan[-1])
        low, high = plan.rate
        return (
            f"{counted(plan.cards, 'such card')}, about {_minutes(plan.minutes)} of reading, would show it to within "
            f"about {points((high - low) / 2)} points if {100 * estimate.assumed:g} % are wrong: "
            f"`auditor review {run} --sample {plan.cards}`."
        )
    stop = estimate.stop
    if stop is None or not stop.interval_holds:
        return None
    if stop.left_reached:
        return (
            f"You can stop: at most {_wrong_labels(stop.left_at_most)} left among the "
            f"{counted(estimate.rows - estimate.judged, 'unread row')} (95 %)."
        )
    if stop.found_reached:
        return (
            f"You can stop: at least {floor(100 * stop.found_at_least)} % of the wrong labels have been found (95 %)."
        )
    return (
        f"Keep reviewing: up to {counted(stop.left_at_most, 'wrong label')} may be left. To stop, at most "
        f"{floor(stop.left_allowed):,} may be left, or {100 * stop.found_wanted:.0f} % must have been found."
    )


def _wrong_labels(number: int) -> str:
    return f"{counted(number, 'wrong label')} {'is' if number == 1 else 'are'}"


def plan(estimate: Estimate) -> Iterator[str]:
    """Say what more cards drawn at random would tell: what is assumed, and a line for each number of cards."""
    if not estimate.plan:
        yield "Every row is judged: there are no more cards to draw."
        return
    if estimate.rate is None:
        why = "an assumption, since no card drawn at random is judged"
    elif estimate.rate.value is None:
        why = "an assumption that agrees with the cards so far, which support no point estimate"
    else:
        why = "the estimate so far"
    yield f"If {points(estimate.assumed)} % of the labels are wrong ({why}), more cards drawn at random would show:"
    none, width = "without another error" if estimate.found else "without a single error", len(f"{estimate.rows:,}")
    for step in estimate.plan:
        in_all = f" ({step.cards:,} in all)" if estimate.blind else ""
        yield (
            f"  {step.more:>{width},} more {'card' if step.more == 1 else 'cards'}{in_all}, "
            f"{_minutes(step.minutes)}: {ends(Range(None, *step.rate))} % wrong; "
            f"{none}, at most {ceil(1000 * step.certified) / 10:.1f} %"
        )


def blind_alone(estimate: Estimate) -> str | None:
    """Describe the interval from blind cards alone; None before the first of them."""
    if estimate.blind_alone is None:
        return None
    low, high = estimate.blind_alone
    return (
        f"By the cards drawn at random alone, {ends(Range(low, low, high))} % of the audited labels are wrong (95 %). "
        "This interval does not use the verdicts on cards that the queue chose."
    )


def details(estimate: Estimate) -> list[str]:
    """Return the sentences beside the number: ambiguous rows, blind cards alone, and cards that do not count."""
    lines = [with_ambiguous(estimate), blind_alone(estimate)]
    if estimate.outdated:
        lines.append(
            f"{counted(estimate.outdated, 'card')} drawn at random before the rows were audited anew "
            f"{'does' if estimate.outdated == 1 else 'do'} not count as such: other rows could be drawn then."
        )
    return [line for line in lines if line]


def calibration(estimate: Estimate) -> Iterator[str]:
    """Compare P(error) with the errors found among blind cards, if there are enough of them."""
    for part in estimate.calibration or ():
        errors = part.errors
        yield (
            f"P(error) of {points(part.forecast)} % on average: {errors.count:,} of {counted(errors.of, 'card')} wrong "
            f"(95 %: {ends(Range(errors.low, errors.low, errors.high))} %)"
        )


def reviewers(found: Reviewers) -> Iterator[str]:
    """Say how far the reviewers can be relied on, as far as enough was measured."""
    if found.self_agreement.of >= _FEW:
        yield f"When a card came again, the same person gave the same verdict on {_share(found.self_agreement)}."
    if found.second_look.of >= _FEW:
        yield f"A second person gave the same verdict on {_share(found.second_look)}."
    change, (shown, hidden) = found.anchoring, (found.anchoring.first, found.anchoring.second)
    if change.value is not None and min(shown.of, hidden.of) >= _FEW:
        yield (
            f"Seeing the suggestion changes the share of labels not upheld by {100 * change.value:+.1f} points "
            f"(95 %: {floor(1000 * change.low) / 10:+.1f} to {ceil(1000 * change.high) / 10:+.1f})."
        )


def _share(found: Share) -> str:
    of = counted(found.of, "card")
    return f"{found.count:,} of {of} (95 %: {floor(100 * found.low)} to {ceil(100 * found.high)} %)"


def budget(found: Budget) -> str:
    """Say what some hours of reviewing would reach.

    >>> budget(Budget(2, 150, 0.62))  # doctest: +SKIP
    "150 rows in 2 hours: the first 150 unread rows of the order cover 62 % of the errors that the models' suspicion …"
    """
    if found.share == 1:
        return f"All {counted(found.rows, 'unread row')} can be judged in {counted(found.hours, 'hour')} at this rate."
    return (
        f"{counted(found.rows, 'row')} in {counted(found.hours, 'hour')}: the first {found.rows:,} unread rows of the"
        f" order cover {floor(100 * found.share)} % of the errors expected by the models' suspicion."
    )


def agreement(found: Agreement) -> str:
    """Say how far people agree, and on which rows that rests.

    >>> agreement(found)  # doctest: +SKIP
    'Krippendorff's α is 0.71 (95 %: 0.60 to 0.81), on 84 rows that the queue served to several people; all say …'
    """
    if not found.rows:
        return "How far people agree is not known: no row was judged one by one by two people."
    rows = counted(found.rows, "row")
    basis = "the queue served to several people" if found.served else "several people chose to judge"
    same = f"all say the same on {found.same.count:,} of them"
    if found.alpha:
        sentence = f"Krippendorff's α is {alpha(found.alpha)}, on {rows} that {basis}; {same}."
    elif found.rows < ENOUGH:
        sentence = f"How far people agree is not known: {rows} that {basis}, too few for Krippendorff's α; {same}."
    else:
        return f"Krippendorff's α is not defined on {rows} that {basis}: all verdicts are the same."
    if found.left_out:
        were = "was" if found.left_out == 1 else "were"
        sentence += f" {counted(found.left_out, 'other row')} that several people judged {were} left out."
    return sentence


def kappa(pair: People) -> str:
    """``0.71``, or why there is no value."""
    if pair.kappa is not None:
        return f"{pair.kappa:.2f}"
    return "not enough" if pair.same.of < ENOUGH else "not defined"


def alpha(found: Alpha) -> str:
    """``0.71 (95 %: 0.60 to 0.81)``, rounded outwards."""
    value = f"{found.value:.2f}"
    if found.low is None or found.high is None:
        return f"{value} (no interval: nobody disagrees)"
    return f"{value} (95 %: {floor(100 * found.low) / 100:.2f} to {ceil(100 * found.high) / 100:.2f})"


def certificate(status: CertificateStatus) -> Iterator[str]:
    """Describe the plan of a test and its state."""
    limit = f"{100 * status.wrong_at_most:g} %"
    what = "changing rows to their suggestions" if status.target == "suggestions" else "one verdict on the whole group"
    first, total = status.cards[0], sum(status.cards)
    cards = f"{first:,} cards" if first == total else f"{first:,} to {total:,} cards"
    yield (
        f"Test of {what}: at most {limit} wrong, with {100 * status.confidence:g} % confidence. Sets of "
        f"{', '.join(f'{size:,}' for size in status.sets)} rows; {cards}, up to {counted(status.minutes, 'minute')}. "
        "The suggestion stays hidden until each verdict."
    )
    for step in status.steps:
        done = f"{step.judged:,} of {step.cards:,} cards judged, {step.misses:,} wrong"
        if step.result is None:
            yield f"  {step.rows:,} rows: {done}."
        else:
            bound = f"at most {100 * step.result.share_at_most:.1f} % of the other rows are wrong"
            yield f"  {step.rows:,} rows: {done}: {bound}, which {'passes' if step.passed else 'fails'}."
    if status.changes:
        yield (
            f"{counted(status.changes, 'unread row')} can be changed; at most {status.most_wrong:,} of them will be "
            f"wrong ({100 * status.confidence:g} % confidence)."
        )
    elif not status.ended:
        return
    elif not any(step.passed for step in status.steps):
        yield "No set has passed: nothing can be changed without reading it."
    elif status.target == "group":
        yield "The test has passed, and the group has its verdict."
    else:
        yield "A set has passed, but verdicts made since then leave no rows for which the promise holds."


def how_to_certify(steps: Sequence[Step], wrong_at_most: float) -> str:
    """Say how the suggestions would be certified: the command, and the cards and minutes of reading."""
    if not steps:
        return "No test can certify the suggestions: too few rows without a decision have a probable one."
    limit, first = f"{100 * wrong_at_most:g}", steps[0]
    cards, minutes = sum(step.cards for step in steps), sum(step.minutes for step in steps)
    more = f", and up to {cards:,} ({_minutes(minutes)}) for the largest set" if len(steps) > 1 else ""
    return (
        f"No test has certified the suggestions. `auditor review RUN --certify {limit}%` serves the cards of one: "
        f"{first.cards:,} drawn at random ({_minutes(first.minutes)}){more}. Of the suggestions that pass, at most "
        f"{limit} % are wrong (95 % confidence)."
    )


def _minutes(minutes: float) -> str:
    return counted(max(round(minutes), 1), "minute")


def part(found: Part) -> str:
    """Say what is known of one class or split."""
    if found.rate is None:
        return f"not enough: {counted(found.blind, 'card')} drawn at random"
    return f"{interval(found.rate)} %, by {counted(found.blind, 'card')} drawn at random"


def _in_percent(rate: Range) -> str:
    """``7.9 % (95 %: 6.6 to 10.1)``; without a point estimate, ``6.6 to 10.1 % (95 % interval)``."""
    return f"{ends(rate)} % (95 % interval)" if rate.value is None else f"{points(rate.value)} % (95 %: {ends(rate)})"


def interval(rate: Range) -> str:
    """``7.9 (6.6 to 10.1)``, in per cent; without a point estimate, ``6.6 to 10.1``."""
    return ends(rate) if rate.value is None else f"{points(rate.value)} ({ends(rate)})"


def ends(rate: Range) -> str:
    """``6.6 to 10.1``, in per cent, rounded outwards: what is written holds what was found."""
    return f"{floor(1000 * rate.low) / 10:.1f} to {ceil(1000 * rate.high) / 10:.1f}"


def points(share: float) -> str:
    """A share in per cent, with one decimal."""
    return f"{100 * share:.1f}"
