"""HTML by which results show themselves in a notebook. All text is escaped: texts and labels are hostile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape


def paragraph(text: str) -> Markup:
    """Return a paragraph."""
    return Markup("<p>{}</p>").format(text)


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    """Return a table, its cells aligned to the left."""
    style = Markup(' style="text-align: left"')
    head = Markup("").join(Markup("<th{}>{}</th>").format(style, name) for name in header)
    cells = (Markup("").join(Markup("<td{}>{}</td>").format(style, cell) for cell in row) for row in rows)
    body = Markup("").join(Markup("<tr>{}</tr>").format(row) for row in cells)
    return Markup("<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(head, body)


def title(name: object, about: str) -> Markup:
    """Return a line that names what is shown."""
    return Markup("<p><b>{}</b> {}</p>").format(name, escape(about))
