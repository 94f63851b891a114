# SPDX-License-Identifier: Apache-2.0
"""Two plans side by side, as a page."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from pathlib import Path

from trephine.case.disk import write_atomically
from trephine.model.plan_comparison import ComparedFigure, PlanComparison
from trephine.report.words import DISCLAIMER, with_unit

_KINDS = {"yield": "What it gives", "risk": "What it risks", "time": "What it takes"}


def write(path: Path, told: PlanComparison, *, subject: str) -> None:
    """Write the comparison as one page of HTML that needs nothing else.

    Parameters
    ----------
    path
        Of the page; an older one is replaced.
    told
        The comparison.
    subject
        Whose plans.
    """
    title = escape(f"{subject}: {told.names[0]} and {told.names[1]}")
    words = "".join(f"<li>{escape(line)}</li>" for line in told.words)
    body = f"<h1>{title}</h1><p>{escape(DISCLAIMER)}</p><ul>{words}</ul>{tables(told)}"
    write_atomically(path, page_of(title, body))


def page_of(title: str, body: str) -> bytes:
    """Set a page that needs nothing else; both are HTML already."""
    style = files("trephine.report").joinpath("page.css").read_text(encoding="utf-8")
    head = f'<meta charset="utf-8"><title>{title}</title><style>{style}</style>'
    whole = f"<head>{head}</head><body><main>{body}</main></body>"
    return f'<!doctype html><html lang="en">{whole}</html>\n'.encode()


def tables(told: PlanComparison) -> str:
    """Set what each plan gives, risks and takes as HTML."""
    return "".join(_table(kind, heading, told) for kind, heading in _KINDS.items())


def _table(kind: str, heading: str, told: PlanComparison) -> str:
    names = "".join(f'<th class="number">{escape(name)}</th>' for name in told.names)
    rows = "".join(_row(figure) for figure in told.figures if figure.kind == kind)
    return (
        f"<h2>{heading}</h2><table><thead><tr><th>What</th>{names}<th>Better</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _row(figure: ComparedFigure) -> str:
    cells = "".join(
        f'<td class="number">{"not known" if value is None else escape(with_unit(value, figure.unit))}</td>'
        for value in figure.values
    )
    return f"<tr><td>{escape(figure.label)}</td>{cells}<td>{figure.winner}</td></tr>"
