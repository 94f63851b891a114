# SPDX-License-Identifier: Apache-2.0
"""What ``participants.tsv`` says of one person."""

from __future__ import annotations

from pathlib import Path

from trephine.core.errors import FormatError
from trephine.formats.text import NOT_AVAILABLE, number_of, read_table
from trephine.model.participant import Participant

_NUMBERS = {
    "age": ("age_years", 0.0, 120.0),
    "body_mass_index": ("body_mass_index_kg_per_m2", 8.0, 120.0),
    "bmi": ("body_mass_index_kg_per_m2", 8.0, 120.0),
}
_ANSWERS = (
    "needs_mri",
    "takes_anticoagulants",
    "has_seizures",
    "has_implant",
    "is_immunosuppressed",
    "uses_tobacco",
)
_WORDS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def read_participant(path: Path | None, label: str) -> Participant:
    """Read one person's row.

    Parameters
    ----------
    path
        The table; ``None`` when the study has none.
    label
        Without ``sub-``.

    Returns
    -------
    Participant
        What is said; everything else stays unknown. Columns not known here are not read.

    Raises
    ------
    FormatError
        If the table has no row or two rows of the person, or a cell cannot be understood.
    """
    if path is None:
        return Participant(label=label)
    rows = [row for row in read_table(path, ("participant_id",)) if row["participant_id"] == f"sub-{label}"]
    if len(rows) != 1:
        raise FormatError.because(
            where=str(path),
            found=f"{len(rows)} rows with participant_id sub-{label}",
            expected="exactly one",
            remedy="Give every person with scans one row.",
        )
    said: dict[str, float | bool] = {}
    for column, cell in rows[0].items():
        if cell.lower() in NOT_AVAILABLE:
            continue
        where = f"{path}, sub-{label}, {column}"
        if column in _NUMBERS:
            field, low, high = _NUMBERS[column]
            said[field] = _within(number_of(cell, where, "a number"), low, high, where)
        elif column in _ANSWERS:
            said[column] = _answer(cell, where)
    return Participant.model_validate({"label": label, **said})


def _within(value: float, low: float, high: float, where: str) -> float:
    if low <= value <= high:
        return value
    raise FormatError.because(
        where=where,
        found=f"{value:g}",
        expected=f"a number from {low:g} to {high:g}",
        remedy="Check the unit: age in years, body mass index in kg/m2.",
    )


def _answer(cell: str, where: str) -> bool:
    if cell.lower() in _WORDS:
        return _WORDS[cell.lower()]
    raise FormatError.because(
        where=where,
        found=repr(cell),
        expected="yes, no or n/a",
        remedy="Write one of these; n/a means not known, and stays unknown.",
    )
