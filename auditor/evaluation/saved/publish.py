"""Push a saved model and its card to the Hub in one commit."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

from auditor.correction.push.card import read_card, with_section
from auditor.correction.push.markdown import one_line
from auditor.errors import HubError, ModelError
from auditor.evaluation.saved.modelcard import CARD, SECTION
from auditor.evaluation.saved.saved import RECORD, read_record
from auditor.hub.errors import RETRY, asking
from auditor.hub.repo import PATIENCE, full_name, quiet_library
from auditor.hub.upload import LOST, additions_of
from auditor.modelspecs import MODELS

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
    """Push a fine-tuned model written by :func:`auditor.evaluation.saved.saved.save_model`, in one commit.

    Parameters
    ----------
    folder : Path
    repo : str
        ``user/name``, or ``name`` in your own account. Created if it does not exist. Otherwise it must hold a model
        pushed before; its visibility, and other people's parts of its card, stay unchanged.
    private : bool
        Visibility of a new repository.
    token : str, optional
        Access token. Default: the one stored by ``hf auth login``.
    message : str, optional
        First line of the commit.
    listener : Listener, optional
        Receives the progress.

    Returns
    -------
    str
        URL of the model's page.

    Raises
    ------
    ModelError
        If the folder does not hold such a model, or it is damaged.
    HubRefusedError, HubMovedError, HubUnreachableError, HubError
        The repository is then unchanged, and the call can be repeated.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    record = read_record(folder)
    if MODELS[record.kind].saved_as != "transformers":
        raise ModelError(f"transformers cannot load the model in {folder}.", "Push the fine-tuned model.")
    api = HfApi(token=token, library_name="auditor")
    with quiet_library():
        name, info = _find_repository(api, repo)
        card = _merged(api, name, info, (folder / CARD).read_text("utf-8"))
        subject, todo, todo_if_lost = f"the model {name}", RETRY, LOST
        if info is None:
            with asking(subject):
                api.create_repo(name, private=private)
                info = api.model_info(name)
            created = f"The {'private' if private else 'public'} model {name} was created"
            todo, todo_if_lost = f"{created} and is still empty. {RETRY}", f"{created}. {LOST}"
        files = {path: folder / path for path in (*record.files, RECORD)}
        task = listener.task("Uploading") if listener else nullcontext()
        with additions_of(files) as additions, task, asking(subject, todo, todo_if_lost):
            api.create_commit(
                name,
                [CommitOperationAdd(CARD, card.encode()), *additions],
                commit_message=one_line(message or "Model trained on corrected labels", 200),
                parent_commit=info.sha,
            )
    return f"{api.endpoint}/{name}"


def _find_repository(api: Any, repo: str) -> tuple[str, Any]:
    """Return the full name of the repository, and its info from the Hub; None if it does not exist."""
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
    files = {sibling.rfilename for sibling in info.siblings or ()}
    if RECORD not in files and files - _EVERY_REPOSITORY_HAS:
        raise HubError(
            f"The repository {name} holds another model, which auditor did not push.", "Push to another repository."
        )
    return str(info.id), info


def _merged(api: Any, name: str, info: Any, own_card: str) -> str:
    """Return the existing card with our section and missing metadata, or our card without one."""
    import tempfile

    if info is None or CARD not in {sibling.rfilename for sibling in info.siblings or ()}:
        return own_card
    with asking(f"the model {name}"), tempfile.TemporaryDirectory(prefix="auditor-card-") as space:
        path = api.hf_hub_download(name, CARD, revision=info.sha, cache_dir=space)
        card = read_card(Path(path).read_bytes().decode("utf-8-sig", "replace"), name)
    new = read_card(own_card, name)
    card.text = with_section(card.text, new.text.strip(), SECTION)
    metadata = {**new.data.to_dict(), **card.data.to_dict()}
    for key, value in metadata.items():
        card.data[key] = value
    return str(card)
