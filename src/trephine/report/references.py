# SPDX-License-Identifier: Apache-2.0
"""Citation keys to readable references."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

from trephine.core.sourced import ASSUMED

_ENTRY = re.compile(r"@(\w+)\s*\{\s*([^,\s]+)\s*,(.*?)\n\}", re.DOTALL)
_FIELD = re.compile(r"(\w+)\s*=\s*(?:\{((?:[^{}]|\{[^{}]*\})*)\}|\"([^\"]*)\"|(\d+))", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One source.

    Parameters
    ----------
    key
        As figures cite it.
    words
        Authors, title, where and when; empty when the key is not in the list.
    """

    key: str
    words: str


def references(keys: Iterable[str]) -> tuple[Reference, ...]:
    """Look citation keys up in the packaged list.

    Parameters
    ----------
    keys
        In any order; ``assumed`` and repeats are left out.

    Returns
    -------
    tuple
        One a key, by key.
    """
    known = _bibliography()
    wanted = sorted({part for key in keys for part in re.split(r"[,;\s]+", key) if part and part != ASSUMED})
    return tuple(Reference(key=key, words=known.get(key, "")) for key in wanted)


def _bibliography() -> dict[str, str]:
    path = files("trephine.safety").joinpath("references.bib")
    if not path.is_file():
        return {}
    text = path.read_text(encoding="utf-8")
    return {key: _spoken(dict(_fields(body))) for _, key, body in _ENTRY.findall(text)}


def _fields(body: str) -> Iterable[tuple[str, str]]:
    for name, braced, quoted, plain in _FIELD.findall(body):
        value = (
            re.sub(r"\s+", " ", (braced or quoted or plain).replace("{", "").replace("}", ""))
            .replace("\\", "")
            .strip()
        )
        yield name.lower(), value.replace("--", "\u2013")


def _spoken(fields: dict[str, str]) -> str:
    """Write one entry in a line."""
    place = fields.get("journal") or fields.get("booktitle") or fields.get("howpublished") or ""
    volume = fields.get("volume", "")
    if place and volume:
        place = f"{place} {volume}"
    authors = fields.get("author", "").replace(" and ", "; ")
    parts = [authors, fields.get("title", ""), place, fields.get("year", "")]
    line = ". ".join(part.rstrip(".") for part in parts if part)
    more = [fields.get(name, "").rstrip(".") for name in ("doi", "url", "note")]
    return ". ".join([line, *(part for part in more if part)]) + "."
