"""A saved model to the Hub, in one commit, with its card."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from auditor.correction.push.card import read_card, with_section
from auditor.correction.push.markdown import one_line
from auditor.errors import HubError, ModelError
from auditor.evaluation.saved.modelcard import CARD, SECTION
from auditor.evaluation.saved.saved import RECORD, read_record
from auditor.hub.errors import AGAIN, asking
from auditor.hub.repo import PATIENCE, full_name, quiet_library
from auditor.hub.upload import LOST, additions_of

_EVERY_REPOSITORY_HAS = {".gitattributes", CARD}


def push_model(
    folder: Path,
    repo: str,
    *,
    private: bool = True,
    token: str | None = None,
    message: str | None = None,
    listener: Any = None,
) -> str:
    """Push a fine-tuned model that :func:`auditor.evaluation.saved.saved.save_model` has written, in one commit.

    Parameters
    ----------
    folder : Path
    repo : str
        ``user/name``, or ``name`` of one's own. It is made if it is not there; else it must hold a model pushed
        before, and its visibility and what others have written into its card stay.
    private : bool
        Of a new repository.
    token : str, optional
        The one that ``hf auth login`` keeps, by default.
    message : str, optional
        First line of the commit.
    listener : Listener, optional
        Hears of the progress.

    Returns
    -------
    str
        Address of the model's page.

    Raises
    ------
    ModelError
        If the folder holds no such model, or it is damaged.
    HubRefusedError, HubMovedError, HubUnreachableError, HubError
        The repository then is as it was, and the same call can be repeated.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    record = read_record(folder)
    if record.kind != "finetuned":
        raise ModelError(f"The model in {folder} is none that transformers loads.", "Push the fine-tuned one.")
    api = HfApi(token=token, library_name="auditor")
    with quiet_library():
        name, there = _look(api, repo)
        card = _merged(api, name, there, (folder / CARD).read_text("utf-8"))
        what, again, lost = f"the model {name}", AGAIN, LOST
        if there is None:
            with asking(what):
                api.create_repo(name, private=private)
                there = api.model_info(name)
            made = f"The {'private' if private else 'public'} model {name} was made"
            again, lost = f"{made} and is still empty. {AGAIN}", f"{made}. {LOST}"
        files = {path: folder / path for path in (*record.files, RECORD)}
        task = listener.task("Uploading") if listener else nullcontext()
        with additions_of(files) as additions, task, asking(what, again, lost):
            api.create_commit(
                name,
                [CommitOperationAdd(CARD, card.encode()), *additions],
                commit_message=one_line(message or "Model trained on corrected labels", 200),
                parent_commit=there.sha,
            )
    return f"{api.endpoint}/{name}"


def _look(api: Any, repo: str) -> tuple[str, Any]:
    """Full name of the repository, and what the Hub says of it; None if it is not there."""
    from huggingface_hub.errors import HFValidationError, RepositoryNotFoundError

    with asking(f"the model {repo}"):
        name = full_name(api, repo)
        try:
            info = api.model_info(name, timeout=PATIENCE)
        except RepositoryNotFoundError:
            return name, None
        except HFValidationError:
            raise HubError(
                f"{one_line(repo)!r} cannot be the name of a model on the Hub.", "Name it like user/name."
            ) from None
    files = {each.rfilename for each in info.siblings or ()}
    if RECORD not in files and files - _EVERY_REPOSITORY_HAS:
        raise HubError(
            f"The repository {name} holds another model, which auditor has not pushed.", "Push to another repository."
        )
    return str(info.id), info


def _merged(api: Any, name: str, there: Any, ours: str) -> str:
    """The card that is there, with our section in it and what its metadata lacks; ours if there is none."""
    import tempfile

    if there is None or CARD not in {each.rfilename for each in there.siblings or ()}:
        return ours
    with asking(f"the model {name}"), tempfile.TemporaryDirectory(prefix="auditor-card-") as space:
        path = api.hf_hub_download(name, CARD, revision=there.sha, cache_dir=space)
        card = read_card(Path(path).read_bytes().decode("utf-8-sig", "replace"), name)
    new = read_card(ours, name)
    card.text = with_section(card.text, new.text.strip(), SECTION)
    metadata = {**new.data.to_dict(), **card.data.to_dict()}
    for key, value in metadata.items():
        card.data[key] = value
    return str(card)
