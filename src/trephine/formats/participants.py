# SPDX-License-Identifier: Apache-2.0
"""What ``participants.tsv`` says of one person."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trephine.core.errors import FormatError
from trephine.formats.participant_columns import Column, columns
from trephine.formats.text import NOT_AVAILABLE, number_of, read_json_object, read_table
from trephine.model.participant import Participant

_YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_UNITS = {
    "year": ("year", "years", "y", "yr", "a"),
    "month": ("month", "months", "mo"),
    "kg/m2": ("kg/m2", "kg/m^2", "kg/m\u00b2", "kg.m-2", "kg m-2"),
}
_ONE_ONLY = "participant_id"


def read_participant(path: Path | None, label: str, *, asked: Collection[str] = ()) -> Participant:
    """Read one person's row.

    Parameters
    ----------
    path
        The table; ``None`` when the study has none. A ``participants.json`` beside it is heeded: units that
        are not ours are refused, and levels that say what a code means are followed.
    label
        Without ``sub-``.
    asked
        Further columns of yes or no, which a team's own rules ask for.

    Returns
    -------
    Participant
        What is said; everything else stays unknown, and columns that nothing asks for are named.

    Raises
    ------
    FormatError
        If the table has no row or two rows of the person, a cell cannot be understood, two columns say the
        same thing differently, or two cells contradict each other.
    """
    if path is None:
        return Participant(label=label)
    rows = [row for row in read_table(path, (_ONE_ONLY,)) if row[_ONE_ONLY] == f"sub-{label}"]
    if len(rows) != 1:
        raise FormatError.because(
            where=str(path),
            found=f"{len(rows)} rows with participant_id sub-{label}",
            expected="exactly one",
            remedy="Give every person with scans one row.",
        )
    sidecar = path.with_suffix(".json")
    row = _Row(
        where=f"{path}, sub-{label}", told=read_json_object(sidecar) if sidecar.is_file() else {}, asked=asked
    )
    for name, cell in rows[0].items():
        if name != _ONE_ONLY:
            row.take(name, cell)
    row.check()
    return Participant(
        label=label,
        numbers=row.numbers,
        answers=row.answers,
        words=row.words,
        columns_not_read=tuple(row.not_read),
    )


@dataclass(kw_only=True)
class _Row:
    """One row as it is being read."""

    where: str
    told: dict[str, Any]
    asked: Collection[str]
    numbers: dict[str, float] = field(default_factory=dict)
    answers: dict[str, bool] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    not_read: list[str] = field(default_factory=list)

    def take(self, header: str, cell: str) -> None:
        """Read one cell into its place."""
        name = next((own for own, column in columns().items() if header in column.also), header)
        column = columns().get(name) or (_OWN_QUESTION if name in self.asked else None)
        if column is None:
            self.not_read.append(header)
            return
        where = f"{self.where}, {header}"
        told = self.told.get(header)
        told = told if isinstance(told, dict) else {}
        if column.kind == "number":
            _check_unit(told, column, where)
        if cell.lower() in NOT_AVAILABLE:
            return
        if column.kind == "number":
            _put(self.numbers, name, _number(cell, column, where), where)
        elif column.kind == "answer":
            _put(self.answers, name, _answer(cell, told, where), where)
        else:
            _put(self.words, name, _word(cell, column, where), where)

    def check(self) -> None:
        """Refuse cells that contradict each other."""
        level, diagnosis = self.words.get("injury_level"), self.words.get("diagnosis")
        if level == "none" and diagnosis == "spinal_cord_injury":
            self._contradiction(
                "injury_level none with diagnosis spinal_cord_injury", "the level of the injury"
            )
        if level not in (None, "none") and diagnosis == "als":
            self._contradiction(f"injury_level {level} with diagnosis als", "injury_level none")
        onset, stable = self.numbers.get("months_since_onset"), self.numbers.get("months_stable")
        if onset is not None and stable is not None and stable > onset:
            self._contradiction(
                f"months_stable {stable:g} above months_since_onset {onset:g}",
                "a time without improvement within the time since onset",
            )

    def _contradiction(self, found: str, expected: str) -> None:
        raise FormatError.because(
            where=self.where, found=found, expected=expected, remedy="Correct one of the two, or write n/a."
        )


_OWN_QUESTION = Column(kind="answer", meaning="Asked by the team's own rules.")


def _put(said: dict[str, Any], name: str, value: float | bool | str, where: str) -> None:
    if name in said and said[name] != value:
        raise FormatError.because(
            where=where,
            found=f"{value}, where another column says {said[name]}",
            expected=f"one value of {name}",
            remedy="Keep one of the two columns.",
        )
    said[name] = value


def _check_unit(told: dict[str, Any], column: Column, where: str) -> None:
    unit = told.get("Units")
    if unit is None or (isinstance(unit, str) and unit.strip().lower() in _UNITS[column.unit]):
        return
    raise FormatError.because(
        where=f"{where}, Units in participants.json",
        found=repr(unit),
        expected=column.unit,
        remedy=f"Write the column in {column.unit}; nothing is converted.",
    )


def _number(cell: str, column: Column, where: str) -> float:
    value = number_of(cell, where, f"{column.unit} as a number")
    if column.low <= value <= column.high:
        return value
    raise FormatError.because(
        where=where,
        found=f"{value:g}",
        expected=f"a number from {column.low:g} to {column.high:g} {column.unit}",
        remedy=f"Check the unit: {column.meaning.rstrip('.')}, in {column.unit}.",
    )


def _answer(cell: str, told: dict[str, Any], where: str) -> bool:
    levels = told.get("Levels")
    level = levels.get(cell) if isinstance(levels, dict) else None
    # A team may code its answers; then its own list of levels says what a code means, not ours.
    meant = str(level).split()[0].strip(".,;:").lower() if level and str(level).split() else cell.lower()
    if meant in _YES_NO and (level is None or meant in ("yes", "no")):
        return _YES_NO[meant]
    raise FormatError.because(
        where=where,
        found=repr(cell) if level is None else f"{cell!r}, which participants.json calls {level!r}",
        expected="yes, no or n/a",
        remedy="Write one of these; n/a means not known, and stays unknown.",
    )


def _word(cell: str, column: Column, where: str) -> str:
    said = cell.lower().replace(" ", "_")
    by_small = {word.lower(): word for word in column.words} | column.short
    if said in by_small:
        return by_small[said]
    raise FormatError.because(
        where=where,
        found=repr(cell),
        expected=f"{', '.join(column.words)} or n/a",
        remedy="Write one of these words; n/a means not known, and stays unknown.",
    )
