"""Read routes of the JSON API: session, cards and views."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse

from auditor.access.accounts import Role
from auditor.errors import FilterError
from auditor.review.feed import sentences
from auditor.review.feed.estimate import Estimate
from auditor.review.feed.people import Person
from auditor.review.filter.filter import Filter
from auditor.review.view.progress import progress
from auditor.review.view.views import confusions, groups, map_points, table

from ..answers import RefusedError, answer
from ..login import reviewer
from ..services.workspace import Workspace

router = APIRouter(prefix="/api")


def _workspace(request: Request) -> Workspace:
    """Return the workspace, up to date with all decisions so far."""
    workspace: Workspace = request.app.state.renewal.workspace()
    workspace.verdicts.catch_up()
    return workspace


async def _filter(request: Request) -> Filter:
    return Filter.from_query(request.url.query)


async def _me(request: Request) -> str | None:
    return reviewer(request, request.app.state.accounts)


async def _named(me: Annotated[str | None, Depends(_me)]) -> str:
    if me is None:
        raise RefusedError("The reviewer's name is missing.", "Reload the page and enter your name.")
    return me


CurrentWorkspace = Annotated[Workspace, Depends(_workspace)]
Which = Annotated[Filter, Depends(_filter)]
Me = Annotated[str | None, Depends(_me)]
Named = Annotated[str, Depends(_named)]
"""The reviewer, from the session alone; without one, the request is refused."""


async def _role(request: Request, me: Me) -> Role:
    accounts = request.app.state.accounts
    if accounts is None:
        return "admin"  # anyone who can reach the page may use any name
    found: Role = accounts.roles.get(me or "", "reviewer")
    return found


async def _adjudicates(role: Annotated[Role, Depends(_role)]) -> bool:
    return role != "reviewer"


CurrentRole = Annotated[Role, Depends(_role)]
Adjudicates = Annotated[bool, Depends(_adjudicates)]
"""Whether the reviewer may settle conflicts and see the figures of all reviewers."""

Sort = Annotated[str, Query(max_length=200)]
Seed = Annotated[int, Query(ge=0, lt=2**32)]


@router.get("/session")
def session(request: Request, me: Me, role: CurrentRole) -> JSONResponse:
    """Return the reviewer, the run, and what the page can choose from."""
    workspace = _workspace(request)
    login = request.app.state.accounts is not None
    about = {**workspace.about, "classes": workspace.classes.now()}
    return answer({"reviewer": me, "login": login, "role": role, **about})


@router.get("/queue")
def queue(
    workspace: CurrentWorkspace,
    which: Which,
    me: Me,
    adjudicates: Adjudicates,
    sort: Sort = "suspicion",
    seed: Seed = 0,
    after: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> JSONResponse:
    """Return the next cards of the queue."""
    page = workspace.queue.page(which, sort, after, limit, me=me, seed=seed)
    cards = workspace.cards.cards(page.rows, me, adjudicates=adjudicates and which.conflict is True)
    return answer({"cards": cards, "next": page.next, "left": page.left, "decided": workspace.verdicts.count(me)})


@router.get("/pulse")
def pulse(workspace: CurrentWorkspace, me: Me) -> JSONResponse:
    """Return the position of the log, the versions of guidelines, classes and ranking, and numbers of rows.

    ``decided`` counts the rows that the reviewer has decided; ``asked``, those that colleagues ask them to look at;
    ``conflicts``, those on which people disagree.
    """
    verdicts = workspace.verdicts
    counts = {
        "decided": verdicts.count(me),
        "asked": len({note.row for note in verdicts.asked(me)}),
        "conflicts": int(verdicts.conflict.sum()),
    }
    versions = {
        "guideline": verdicts.guidelines.version,
        "classes": workspace.classes.now()["base"],
        "ranking": workspace.edition.ranking,
    }
    return answer({"seq": verdicts.seq, **versions, **counts})


@router.get("/stands")
def stands(workspace: CurrentWorkspace, me: Named, action: Annotated[str, Query(max_length=200)]) -> JSONResponse:
    """Return whether an action of the reviewer, single or bulk, still stands."""
    return answer({"stands": workspace.log.stands(me, action)})


@router.get("/card")
def card_of_id(
    workspace: CurrentWorkspace,
    me: Me,
    adjudicates: Adjudicates,
    id: Annotated[str, Query(max_length=500)],
    conflict: bool = False,
) -> JSONResponse:
    """Return the card of a row by its id; with ``conflict``, as adjudicators see it."""
    row = workspace.items.row_of(id)
    if row is None:
        raise FilterError(f"There is no row {id[:80]!r} in this run.", "Open another row, or clear the filter.")
    return answer(workspace.cards.card(row, me, adjudicates=adjudicates and conflict))


@router.get("/row")
def card_of_row(workspace: CurrentWorkspace, me: Me, row: Annotated[int, Query(ge=0)]) -> JSONResponse:
    """Return the card of a row by its number."""
    if row >= len(workspace.items):
        raise FilterError(
            f"There is no row {row} in this run: it has {len(workspace.items)} rows.", "Open another row."
        )
    return answer(workspace.cards.card(row, me))


@router.get("/facets")
def facets(workspace: CurrentWorkspace, which: Which, me: Me) -> JSONResponse:
    """Count the rows for each choice of the filter."""
    return answer(workspace.selection.facets(which, me))


@router.get("/table")
def table_page(
    workspace: CurrentWorkspace,
    which: Which,
    me: Me,
    sort: Sort = "suspicion",
    seed: Seed = 0,
    page: Annotated[int, Query(ge=0, lt=2**31)] = 0,
    size: Annotated[int, Query(ge=1, le=500)] = 50,
) -> JSONResponse:
    """Return one page of the table."""
    found = table(workspace.selection, workspace.cards, which, sort=sort, seed=seed, page=page, size=size, me=me)
    return answer(found)


@router.get("/groups")
def groups_found(workspace: CurrentWorkspace, which: Which, me: Me) -> JSONResponse:
    """Return the groups of issues, each with what tests of a bulk verdict on its rows have shown."""
    tested = workspace.certificates.groups()
    found = groups(workspace.selection, which, me)
    return answer([{**group, "certificates": tested.get(group["group"], [])} for group in found])


@router.get("/confusions")
def confusions_found(workspace: CurrentWorkspace, which: Which, me: Me) -> JSONResponse:
    """Return the matrix of given and suggested labels."""
    return answer(confusions(workspace.selection, which, me))


@router.get("/map")
def points(workspace: CurrentWorkspace, which: Which, me: Me) -> JSONResponse:
    """Return the points of the map."""
    return answer(map_points(workspace.selection, which, me))


@router.get("/stop")
def may_stop(workspace: CurrentWorkspace) -> JSONResponse:
    """Say whether enough is read, as far as the cards drawn at random can tell."""
    brief = workspace.estimator.brief(workspace.feed.learner.learnt.error)
    reached = {"left": brief.stop.left_reached, "found": brief.stop.found_reached} if brief.stop else {}
    sample = workspace.feed.sample
    return answer({**asdict(brief), "reached": {"left": False, "found": False, **reached}, "sample": sample})


@router.get("/progress")
def progress_so_far(workspace: CurrentWorkspace, me: Me, adjudicates: Adjudicates) -> JSONResponse:
    """Return the progress of the review, the estimate of how many labels are wrong, and the people's figures.

    Reviewers see their own figures; adjudicators and admins see of everyone what they see of themselves.
    """
    found = progress(workspace.verdicts)
    seconds = 3600 / found["rate_per_hour"] if found["rate_per_hour"] else None
    agreement = workspace.agreements.measure()
    people = [_person(workspace, person) for person in workspace.people.figures(agreement)]
    agreed = agreement.as_dict()
    if not adjudicates:
        people = [person for person in people if person["reviewer"] == me]
        found["reviewers"] = [person for person in found["reviewers"] if person["reviewer"] == me]
        agreed["by_people"] = [pair for pair in agreed["by_people"] if me in (pair["first"], pair["second"])]
    order = workspace.selection.orders.of(workspace.about["default_sort"])
    budgets = workspace.people.budgets(order, found["rate_per_hour"])
    words = {"sentence": sentences.agreement(agreement), "meaning": sentences.AGREEMENT_MEANING}
    return answer(
        {
            **found,
            "estimate": _estimate(workspace.estimate(seconds)),
            "agreement_of_people": agreed | words,
            "people": people,
            "budgets": [{**asdict(budget), "sentence": sentences.budget(budget)} for budget in budgets],
        }
    )


def _estimate(found: Estimate) -> dict[str, Any]:
    """Return an estimate, in numbers and in words."""
    return found.as_dict() | {
        "sentence": sentences.number(found),
        "details": sentences.details(found),
        "meaning": sentences.MEANING,
    }


def _person(workspace: Workspace, person: Person) -> dict[str, Any]:
    """Return a person's figures, with rows by their ids."""
    found = asdict(person)
    if person.qualification:
        found["qualification"]["missed"] = [workspace.items.id_of(row) for row in person.qualification.missed]
    return found
