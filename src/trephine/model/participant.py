# SPDX-License-Identifier: Apache-2.0
"""What the study says of a person, and what it leaves unsaid."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Participant(BaseModel):
    """What the study's ``participants.tsv`` says; a column that is absent here is "not said", never "no".

    Parameters
    ----------
    label
        The ``sub-`` label without its prefix.
    numbers
        By column, in the column's unit (``formats/participants.toml``), such as ``age`` in years.
    answers
        Yes or no, by column, such as ``needs_mri``.
    words
        One of the column's words, by column, such as ``diagnosis``.
    columns_not_read
        Columns of the table that nothing here asks for; a misspelt name ends up among them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    numbers: dict[str, float] = {}
    answers: dict[str, bool] = {}
    words: dict[str, str] = {}
    columns_not_read: tuple[str, ...] = ()
