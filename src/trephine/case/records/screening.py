# SPDX-License-Identifier: Apache-2.0
"""Every screening rule with its verdict."""

from __future__ import annotations

from trephine.case.store import Case, Writer
from trephine.model.screening import Screening


def write(screening: Screening, writer: Writer) -> None:
    """Lay the screening ready."""
    writer.put_json("screening", screening)


def read(case: Case) -> Screening:
    """Read the screening back."""
    return Screening.model_validate_json(case.read_bytes("screening"))
