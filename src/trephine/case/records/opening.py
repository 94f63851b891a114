# SPDX-License-Identifier: Apache-2.0
"""Where and how to open."""

from __future__ import annotations

from trephine.case.store import Case, Writer
from trephine.model.opening import Opening


def write(opening: Opening, writer: Writer) -> None:
    """Lay the opening ready."""
    writer.put_json("opening", opening)


def read(case: Case) -> Opening:
    """Read the opening back."""
    return Opening.model_validate_json(case.read_bytes("opening"))
