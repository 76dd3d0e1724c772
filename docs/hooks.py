"""What MkDocs does beside rendering docs/: pages from elsewhere, generated references, llms.txt, and pages as Markdown.

Pages link to each other as files of the repository, so that they also work where the repository is browsed. Reports and
the project's own pages are added to the site under their paths in the repository, and links are rewritten to fit.
"""

from __future__ import annotations

import inspect
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
ELSEWHERE = (
    *("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"),
    *("reports/*/*.md", "reports/*/figures/*", "reports/pictures/*.webp", "reports/pictures/*.png"),
)
"""Files outside docs/ that the site has too."""
NOTEBOOK, NOTEBOOK_PAGE = "tutorial.ipynb", "notebook.html"
COMMANDS = "<!-- the commands are inserted here -->"
ERRORS = "<!-- the errors are inserted here -->"
_LINK = re.compile(r"(!?\[(?:[^\[\]]|\[[^\]]*\])*\])\(([^)\s]+)\)")
_FENCE = re.compile(r"^(?: {0,3}(?:```|~~~).*?^ {0,3}(?:```|~~~)$)", re.DOTALL | re.MULTILINE)

_written: dict[str, tuple[str, str]] = {}
"""Markdown and title of each page, by its address in the site."""
_order: list[str] = []
"""Addresses of the pages, as the navigation lists them."""


def on_files(files: Files, config: Any) -> Files:
    """Add the files from elsewhere."""
    for pattern in ELSEWHERE:
        for path in sorted(ROOT.glob(pattern)):
            address = path.relative_to(ROOT).as_posix()
            files.append(File.generated(config, address, abs_src_path=str(path)))
    for file in files:
        if file.src_uri == NOTEBOOK:  # its page would take the place of the tutorial's own
            file.dest_path = file.url = NOTEBOOK_PAGE
            file.abs_dest_path = str(Path(config["site_dir"]) / NOTEBOOK_PAGE)
    return files


def on_nav(nav: Any, config: Any, files: Files) -> Any:
    """Note the order of the pages."""
    _order[:] = [page.file.dest_uri for page in nav.pages if page.file.src_uri.endswith(".md")]
    return nav


def on_page_markdown(markdown: str, page: Page, config: Any, files: Files) -> str:
    """Insert what is generated, and let links lead to pages of the site."""
    if COMMANDS in markdown:
        markdown = markdown.replace(COMMANDS, "\n".join(commands()))
    if ERRORS in markdown:
        markdown = markdown.replace(ERRORS, "\n".join(errors()))
    address = page.file.src_uri
    markdown = outside_fences(markdown, lambda text: relinked(text, address, files))
    if address.endswith(".md"):
        _written[page.file.dest_uri] = (markdown, page.title or address)
    return markdown


def on_page_content(html: str, page: Page, config: Any, files: Files) -> str:
    """Remove the roles that docstrings give to names, such as ``:func:``."""
    return re.sub(r":(?:class|func|meth|mod|data|attr):(?=<code>)", "", html)


def on_post_build(config: Any) -> None:
    """Write each page as Markdown beside its HTML, and llms.txt, which lists them."""
    site = Path(config["site_dir"])
    for address, (markdown, _) in _written.items():
        (site / address).with_suffix(".md").write_text(markdown, "utf-8")
    lines = [f"# {config['site_name']}", "", f"> {config['site_description']}", "", "## Pages", ""]
    for address in _order:
        markdown, title = _written[address]
        lines.append(f"- [{title}]({address.removesuffix('.html')}.md): {first_sentence(markdown)}")
    (site / "llms.txt").write_text("\n".join(lines) + "\n", "utf-8")


# -- links ----------------------------------------------------------------------------------------------------------


def outside_fences(markdown: str, change: Any) -> str:
    """Change the text outside code blocks."""
    parts, end = [], 0
    for fence in _FENCE.finditer(markdown):
        parts += [change(markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, change(markdown[end:])])


def relinked(text: str, address: str, files: Files) -> str:
    """Rewrite links between files of the repository to links between pages of the site."""
    folder = posixpath.dirname(repository_path(address))

    def replaced(found: re.Match[str]) -> str:
        words, target = found.groups()
        path, mark, anchor = target.partition("#")
        if not path or re.match(r"[a-z]+:", target):
            return found[0]
        aim = posixpath.normpath(posixpath.join(folder, path))
        aim = posixpath.join(aim, "README.md") if (ROOT / aim / "README.md").is_file() else aim
        goal = "index.md" if aim == "README.md" else aim.removeprefix("docs/")
        if files.get_file_from_path(goal) is None:
            return words.strip("![]") if (ROOT / aim).exists() else found[0]
        return f"{words}({posixpath.relpath(goal, posixpath.dirname(address) or '.')}{mark}{anchor})"

    return _LINK.sub(replaced, text)


def repository_path(address: str) -> str:
    """Return where a page of the site lies in the repository."""
    return f"docs/{address}" if (ROOT / "docs" / address).exists() else address


def first_sentence(markdown: str) -> str:
    """Return the first sentence of a page that is neither a heading nor code."""
    for block in _FENCE.sub("", markdown).split("\n\n"):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(block.split()))
        text = text.removeprefix("- ").replace("**", "")
        if text and text[0] not in "#|!<:":
            return re.split(r"(?<=[.。])\s", text)[0]
    return ""


# -- generated references -------------------------------------------------------------------------------------------


def commands() -> Iterator[str]:
    """Yield the lines of the reference of all commands, from their help."""
    from auditor.cli import VERBS, load

    for verb in VERBS:
        command = load(verb)
        yield from section(f"auditor {verb}", command, "##")
        for name, part in sorted(getattr(command, "commands", {}).items()):
            yield from section(f"auditor {verb} {name}", part, "###")


def section(name: str, command: Any, heading: str) -> Iterator[str]:
    """Yield the lines of one command."""
    yield from ("", f"{heading} {name}", "")
    paragraphs = [" ".join(part.split()) for part in inspect.cleandoc(command.help or "").split("\n\n")]
    for paragraph in paragraphs:
        example = paragraph.removeprefix("Example: ")
        yield from ("", f"```sh\n{example}\n```" if example != paragraph else paragraph, "")
    context = command.make_context(name, [], resilient_parsing=True)
    records = [parameter.get_help_record(context) for parameter in command.params if parameter.name != "help"]
    rows = [f"| `{escaped(usage)}` | {escaped(' '.join(words.split()))} |" for usage, words in filter(None, records)]
    if rows:
        yield from ("", "| | |", "|---|---|", *rows, "")


def escaped(text: str) -> str:
    """Escape what would end a cell of a table."""
    return text.replace("|", "\\|")


def errors() -> Iterator[str]:
    """Yield the table of the tree of errors."""
    from auditor import errors as module
    from auditor.errors import AuditorError

    def below(kind: type[AuditorError], depth: int) -> Iterator[str]:
        meaning = (inspect.getdoc(kind) or "").split("\n\n")[0].replace("\n", " ")
        yield f"| {'&emsp;' * depth}`{kind.__name__}` | {kind.exit_code} | {meaning} |"
        for part in vars(module).values():
            if isinstance(part, type) and part.__bases__ == (kind,):
                yield from below(part, depth + 1)

    yield from ("| class | exit code | meaning |", "|---|---|---|", *below(AuditorError, 0))
