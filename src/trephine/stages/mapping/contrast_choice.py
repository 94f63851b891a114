# SPDX-License-Identifier: Apache-2.0
"""Which contrasts are mapped, and from which runs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from trephine.core.errors import InputError
from trephine.model.activation import Side
from trephine.stages.mapping.conditions import condition_of
from trephine.stages.mapping.pieces import RunModel
from trephine.stages.mapping.settings import Settings

_SPLIT = re.compile(r"\s+([+-])\s+")
_FACTOR = re.compile(r"^(\d+(?:\.\d+)?)\s*\*\s*(.+)$")
_HANDS: dict[str, tuple[Side, dict[str, float]]] = {
    "right": ("right", {"right": 1.0}),
    "left": ("left", {"left": 1.0}),
    "right-left": ("right", {"right": 1.0, "left": -1.0}),
    "left-right": ("left", {"left": 1.0, "right": -1.0}),
}
"""Contrasts that show one hand: the hand, and the weights of conditions."""


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A contrast and the runs that can show it.

    Parameters
    ----------
    name
        Its name in files and tables.
    weights
        Of the design's columns.
    runs
        Indices of the runs whose design has all of them.
    hand
        The hand it shows, if it shows one alone.
    """

    name: str
    weights: dict[str, float]
    runs: tuple[int, ...]
    hand: Side | None = None

    @property
    def expression(self) -> str:
        """The weights in words."""
        parts = [f"{weight:+g} {name.removeprefix('other.')}" for name, weight in self.weights.items()]
        return " ".join(parts)


def choose(models: tuple[RunModel, ...], settings: Settings) -> tuple[Chosen, ...]:
    """Choose the contrasts: each hand, one against the other, both, and those of the settings.

    Parameters
    ----------
    models
        All runs.
    settings
        May name further contrasts.

    Returns
    -------
    tuple of Chosen
        Contrasts that no run shows are left out, unless the settings ask for them.

    Raises
    ------
    InputError
        If a contrast of the settings cannot be read, or names a trial type that no run has.
    """
    made = [
        Chosen(name=name, weights=weights, runs=_shown(models, weights), hand=hand)
        for name, (hand, weights) in _HANDS.items()
    ]
    made.append(Chosen(name="both", weights={"both": 1.0}, runs=_shown(models, {"both": 1.0})))
    made = [one for one in made if one.runs]
    for name, expression in settings.contrasts.items():
        if name in {one.name for one in made}:
            raise _refused(name, expression, "a name that is already in use", "Give it another name.")
        weights = weights_of(name, expression, models, settings)
        runs = _shown(models, weights)
        if not runs:
            raise _refused(
                name, expression, "no run with all of its trial types", "Contrast what one run holds."
            )
        made.append(Chosen(name=name, weights=weights, runs=runs))
    return tuple(made)


def weights_of(
    name: str, expression: str, models: tuple[RunModel, ...], settings: Settings
) -> dict[str, float]:
    """Read an expression such as ``tongue - rest`` as weights of design columns.

    Raises
    ------
    InputError
        If it is empty, or names what no run has.
    """
    columns = {column for model in models for column in model.design.names}
    weights: dict[str, float] = {}
    parts = _SPLIT.split(expression.strip())
    for sign, term in zip(["+", *parts[1::2]], parts[0::2], strict=True):
        match = _FACTOR.match(term)
        size, word = (float(match[1]), match[2].strip()) if match else (1.0, term)
        column = _column_of(word, columns, settings)
        if column is None:
            known = ", ".join(sorted(c.removeprefix("other.") for c in columns if _is_task(c)))
            raise _refused(name, expression, f"{word!r}, which no run has", f"Known are rest, {known}.")
        if column:
            weights[column] = weights.get(column, 0.0) + (size if sign == "+" else -size)
    weights = {column: weight for column, weight in weights.items() if weight}
    if not weights:
        raise _refused(name, expression, "nothing but rest", "Name at least one trial type.")
    return weights


def _column_of(word: str, columns: set[str], settings: Settings) -> str | None:
    """Return the column of a trial type or condition; empty for rest, nothing when there is none."""
    if f"other.{word}" in columns:
        return f"other.{word}"
    condition = word if word in ("right", "left", "both") else condition_of(word, settings)
    if condition == "rest":
        return ""
    return condition if condition in columns else None


def _is_task(column: str) -> bool:
    return column in ("right", "left", "both") or column.startswith("other.")


def _shown(models: tuple[RunModel, ...], weights: dict[str, float]) -> tuple[int, ...]:
    return tuple(n for n, model in enumerate(models) if all(c in model.design.names for c in weights))


def _refused(name: str, expression: str, found: str, remedy: str) -> InputError:
    return InputError.because(
        where=f"mapping.contrasts.{name} = {expression!r}",
        found=found,
        expected="trial types of the events file joined by spaced + and -, such as 'tongue - rest'",
        remedy=remedy,
    )
