# SPDX-License-Identifier: Apache-2.0
"""The columns of ``participants.tsv`` that are read: the typed form of ``participants.toml``."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Column(BaseModel):
    """One column.

    Parameters
    ----------
    kind
        What its cells are.
    meaning
        What it says, for people.
    unit, low, high
        Of a number: its unit and the bounds of what is plausible, in that unit.
    words, short
        Of a word: those allowed, and short forms of them in small letters.
    also
        Other names of the column.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["number", "answer", "word"]
    meaning: str
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    words: tuple[str, ...] = ()
    short: dict[str, str] = {}
    also: tuple[str, ...] = ()


@cache
def columns() -> dict[str, Column]:
    """Return every column by its name, in the order in which a screening team asks."""
    text = (files("trephine") / "formats" / "participants.toml").read_text(encoding="utf-8")
    tables = {name: value for name, value in tomllib.loads(text).items() if isinstance(value, dict)}
    return {name: Column.model_validate(table) for name, table in tables.items()}


def described() -> dict[str, dict[str, object]]:
    """Return what a BIDS ``participants.json`` says of the columns: description, unit, allowed words."""
    told: dict[str, dict[str, object]] = {}
    for name, column in columns().items():
        told[name] = {"Description": column.meaning}
        if column.kind == "number":
            told[name]["Units"] = column.unit
        words = {"number": (), "answer": ("yes", "no"), "word": column.words}[column.kind]
        if words:
            told[name]["Levels"] = {word: word.replace("_", " ") for word in words}
    return told
