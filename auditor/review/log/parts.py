"""Parts: what events of some kinds hold beside the fields of all, and the types of their values."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

MAX_LABELS = 1_000
"""Maximum labels of one decision."""
MAX_PLANNED = 64_000
"""Maximum number of rows of a plan."""
MAX_PROPOSED = 200
"""Maximum characters of a proposed new class."""
MAX_GUIDELINES = 50_000
"""Maximum characters of the guidelines."""

# PostgreSQL stores no NUL character in a text, and about 2,700 bytes at most in an index.
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
ItemId = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", min_length=1, max_length=500)]
ItemHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Label = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", min_length=1, max_length=10_000)]
Probability = Annotated[float, Field(gt=0, lt=1)]
GuidelineText = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=MAX_GUIDELINES)]
GuidelineVersion = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
Operation = Literal["rename", "merge", "delete"]


class Pool(BaseModel):
    """Pool of a blind draw: the rows that nobody had judged one by one.

    The rows left out are those of the previous draw in the same log, with the changes since:

        first draw  follows None,  judged (a, b)                 leaves out a, b
        second      follows first, judged (c,), reopened (a,)    leaves out b, c

    So a merge with another log, or an undo, never changes what a draw left out.

    Attributes
    ----------
    follows : str or None
        ``event_id`` of the previous draw.
    judged, reopened : tuple of str
        Rows left out since then, and rows no longer left out because their verdicts were undone.
    size : int
        U, the number of rows drawn from.
    audited : str or None
        Hash of the ids of all audited rows, judged or not; None in draws of earlier versions.
    mean_p : float
        Mean P(error) over these rows according to the models.
    p : float or None
        P(error) of the drawn row before the draw; None in draws of earlier versions.
    q, q_any : float
        Forecast probabilities, made before the draw, that the row is an error, and that it is any problem.
    seed : str
        Seed of the draw, from the operating system: 128 bits as hexadecimal digits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    follows: Id | None = None
    judged: tuple[ItemId, ...] = ()
    reopened: tuple[ItemId, ...] = ()
    size: Annotated[int, Field(ge=1)]
    audited: ItemHash | None = None
    mean_p: Probability
    p: Probability | None = None
    q: Probability
    q_any: Probability
    seed: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class Plan(BaseModel):
    """Plan of a test of a bulk change, fixed before its first card.

    Nested sets of rows are tested in turn, each on a sample of its unread rows; see
    :mod:`auditor.estimate.certificate`. Seed and numbers determine the samples.

    Attributes
    ----------
    target : {"suggestions", "group"}
        Change rows to their suggested labels, or make one verdict on all rows of a group.
    wrong_at_most : float
        Largest share of the changed rows that may be wrong.
    alpha : float
        Probability that a share above that passes.
    rows : tuple of str
        Ids of the rows; the first of them make up the smaller sets.
    digest : str
        :func:`digest_of` the rows' hashes: texts and given labels.
    labels : tuple of str
        Names of the labels.
    to : tuple of int
        Label that each row gets, as a position in ``labels``; it may be the given one.
    sets, cards : tuple of int
        Rows of each set, ascending, and number of cards to read of each.
    seed : str
        Seed of the samples, from the operating system.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: Literal["suggestions", "group"]
    wrong_at_most: Probability
    alpha: Probability
    rows: Annotated[tuple[ItemId, ...], Field(min_length=1, max_length=MAX_PLANNED)]
    digest: ItemHash
    labels: Annotated[tuple[Label, ...], Field(min_length=1)]
    to: tuple[Annotated[int, Field(ge=0)], ...]
    sets: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(min_length=1, max_length=20)]
    cards: tuple[Annotated[int, Field(ge=1)], ...]
    seed: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if len(self.to) != len(self.rows) or len(set(self.rows)) != len(self.rows):
            raise ValueError("expected one label for each row, and each row once")
        if max(self.to) >= len(self.labels):
            raise ValueError("expected positions in labels")
        if len(self.cards) != len(self.sets) or list(self.sets) != sorted(set(self.sets)):
            raise ValueError("expected ascending sets, and a number of cards for each")
        if self.sets[-1] != len(self.rows):
            raise ValueError("expected all rows in the last set")
        taken = 0
        for size, cards in zip(self.sets, self.cards, strict=True):
            if cards > size - taken:
                raise ValueError("expected no more cards than rows")
            taken += cards
        return self


class ModelAnswer(BaseModel):
    """What a model's verdict came from.

    Attributes
    ----------
    instruction : str
        Hash of the instruction, its labels and guidelines included: 32 hexadecimal digits of a SHA-256.
    tokens_in, tokens_out : int
        Tokens of request and answer as the server counts them; 0 where it does not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    instruction: ItemHash
    tokens_in: Annotated[int, Field(ge=0, le=10**9)] = 0
    tokens_out: Annotated[int, Field(ge=0, le=10**9)] = 0


class LabelChange(BaseModel):
    """Change of the dataset's classes. It changes no decision, and nothing of what decisions say about the dataset.

    Attributes
    ----------
    operation : {"rename", "merge", "delete"}
    labels : tuple of str
        Classes to change, by their names in the dataset.
    to : str or None
        New name; or the dataset's class that others are merged into; None for ``delete``, whose rows are left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    operation: Operation
    labels: Annotated[tuple[Label, ...], Field(min_length=1, max_length=MAX_LABELS)]
    to: Label | None = None

    @model_validator(mode="after")
    def _fits_its_operation(self) -> Self:
        if (self.to is None) != (self.operation == "delete"):
            raise ValueError(f"expected {self.operation} {'without' if self.operation == 'delete' else 'with'} to")
        name = self.to if self.operation == "rename" else None
        if name is not None and (name != name.strip() or len(name) > MAX_PROPOSED or not name.isprintable()):
            raise ValueError(f"expected a name of at most {MAX_PROPOSED} printable characters")
        return self
