# SPDX-License-Identifier: Apache-2.0
"""What the study says of a person, and what it leaves unsaid."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Participant(BaseModel):
    """Answers of the study's ``participants.tsv``; ``None`` is "not said" and never "no".

    Parameters
    ----------
    label
        The ``sub-`` label without its prefix.
    age_years, body_mass_index_kg_per_m2
        Numbers.
    needs_mri, takes_anticoagulants, has_seizures, has_implant, is_immunosuppressed, uses_tobacco
        Contraindications as public trials list them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    age_years: float | None = None
    body_mass_index_kg_per_m2: float | None = None
    needs_mri: bool | None = None
    takes_anticoagulants: bool | None = None
    has_seizures: bool | None = None
    has_implant: bool | None = None
    is_immunosuppressed: bool | None = None
    uses_tobacco: bool | None = None
