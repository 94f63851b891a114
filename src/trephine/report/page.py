# SPDX-License-Identifier: Apache-2.0
"""Set the report: contents to one page of HTML."""

from __future__ import annotations

import base64
import hashlib
import re
import tomllib
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from trephine import __version__
from trephine.report.contents import Contents
from trephine.report.drawing import Figure
from trephine.report.provenance_tables import cited
from trephine.report.references import Reference, references
from trephine.report.svg import svg_of
from trephine.report.table import Table
from trephine.report.tables import MAKERS
from trephine.report.verdict import verdict_of
from trephine.report.words import DISCLAIMER, SEVERITIES

_HASH_LENGTH = 64
_NARROW = 3
"""Tables of no more columns stay tables on a phone."""
_SHORT = 12
"""Tables of no more rows stay on one sheet."""
_BROAD = 8
"""Tables of more columns are set smaller on paper."""
_SEVERITY_CLASS = {
    "Block": "block",
    "Unknown": "unknown",
    "Warning": "warn",
    "Concern": "warn",
    "Note": "note",
    "Pass": "pass",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """One section ready to be set."""

    key: str
    title: str
    needs: str
    lead: str
    empty: str
    is_ready: bool
    figures: tuple[Figure, ...]
    tables: tuple[Table | tuple[Reference, ...], ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing under the lead."""
        return not self.figures and not self.tables


def page(contents: Contents, figures: dict[str, Figure]) -> str:
    """Set the page.

    Parameters
    ----------
    contents
        What is told.
    figures
        Drawn figures by key; those that could not be drawn are absent.

    Returns
    -------
    str
        HTML that needs nothing beside it.
    """
    style = _packaged("page.css")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    template = environment.from_string(_packaged("page.html.j2"))
    return template.render(
        subject=contents.subject,
        study=contents.study,
        device=contents.device.name if contents.device else "",
        version=__version__,
        style=style,
        style_hash=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        disclaimer=DISCLAIMER,
        verdict=verdict_of(contents),
        signs={severity.value: " ".join(sign) for severity, sign in SEVERITIES.items()},
        hero=figures.get("head"),
        sections=sections(contents, figures),
        set_figure=set_figure,
        set_table=set_table,
    )


def sections(contents: Contents, figures: dict[str, Figure]) -> tuple[Section, ...]:
    """Fill the declared sections with what there is."""
    made = []
    for entry in tomllib.loads(_packaged("sections.toml"))["sections"]:
        is_ready = entry["needs"] in contents.summaries
        tables = [_table(key, contents) for key in entry["tables"]] if is_ready else []
        made.append(
            Section(
                key=entry["key"],
                title=entry["title"],
                needs=entry["needs"],
                lead=entry["lead"],
                empty=entry.get("empty", "Nothing to show."),
                is_ready=is_ready,
                figures=tuple(figures[key] for key in entry["figures"] if key in figures),
                tables=tuple(table for table in tables if table),
            )
        )
    return tuple(made)


def _table(key: str, contents: Contents) -> Table | tuple[Reference, ...] | None:
    return references(cited(contents)) if key == "references" else MAKERS[key](contents)


def set_figure(figure: Figure) -> Markup:
    """Set a figure with its panels and caption."""
    panels = "".join(
        svg_of(drawing, f"{figure.key}-{n}") for n, drawing in enumerate(figure.drawings, start=1)
    )
    caption = escape(figure.caption)
    return Markup(
        f'<figure id="figure-{figure.key}" class="{figure.layout}">'
        f'<div class="panels {figure.layout}">{panels}</div>'
        f"<figcaption>{caption}</figcaption></figure>\n"
    )


def set_table(table: Table | tuple[Reference, ...]) -> Markup:
    """Set a table, or the list of references."""
    if not isinstance(table, Table):
        return _list(table)
    head = "".join(f'<th scope="col" class="{kind}">{escape(name)}</th>' for name, kind in table.columns)
    body = "".join(f"<tr>{_cells(table, row)}</tr>\n" for row in table.rows)
    caption = "" if table.is_folded else f"<caption>{escape(table.title)}</caption>"
    note = f'<p class="tablenote">{escape(table.note)}</p>' if table.note else ""
    kind = "stacked" if len(table.columns) > _NARROW else "plain"
    size = " short" if len(table.rows) <= _SHORT else (" broad" if len(table.columns) > _BROAD else "")
    whole = (
        f'<div class="scroll" tabindex="0" role="group" aria-label="{escape(table.title)}">'
        f'<table class="{kind}{size}" id="table-{table.key}">{caption}<thead><tr>{head}</tr></thead>'
        f"<tbody>\n{body}</tbody></table></div>{note}"
    )
    if table.is_folded:
        whole = f"<details><summary>{escape(table.title)}</summary>{whole}</details>"
    return Markup(whole + "\n")


def _cells(table: Table, row: tuple[str, ...]) -> str:
    cells = []
    for (name, kind), words in zip(table.columns, row, strict=True):
        inner = _breakable(words) if kind == "code" else escape(words)
        if kind == "severity":
            inner = f'<span class="severity {_SEVERITY_CLASS[words.split(" ", 1)[-1]]}">{inner}</span>'
        cells.append(f'<td class="{kind}" data-name="{escape(name)}">{inner}</td>')
    return "".join(cells)


def _breakable(words: str) -> str:
    """Let codes, paths and hashes break across lines where a reader expects it."""
    if len(words) == _HASH_LENGTH and words.isalnum():
        words = "\u200b".join(words[n : n + 16] for n in range(0, _HASH_LENGTH, 16))
    return re.sub(r"([_/\u200b])", r"\1<wbr>", escape(words)).replace("\u200b", "")


def _list(entries: tuple[Reference, ...]) -> Markup:
    items = "".join(
        f"<li><code>{escape(entry.key)}</code>{escape(entry.words or 'not in the list of references')}</li>\n"
        for entry in entries
    )
    return Markup(f'<ol class="references">\n{items}</ol>\n')


def _packaged(name: str) -> str:
    return files("trephine.report").joinpath(name).read_text(encoding="utf-8")
