# SPDX-License-Identifier: Apache-2.0
"""A series on its way into the study."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trephine.core.arrays import AnyArray, Matrix4
from trephine.core.findings import Finding
from trephine.formats.dicom.kind import Kind
from trephine.pipeline.intake.request import Line


@dataclass(frozen=True, kw_only=True, eq=False)
class Scan:
    """An image that agrees with its source.

    Parameters
    ----------
    values
        Shape (i, j, k) or (i, j, k, time).
    affine_mm
        From voxel indices to RAS mm, shape (4, 4).
    sidecar
        Allowed fields only.
    findings
        What was noticed while it was made.
    """

    values: AnyArray
    affine_mm: Matrix4
    sidecar: dict[str, Any]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Planned:
    """A line of the table, and how its image is made.

    Parameters
    ----------
    line
        What the table says.
    frame_of_reference
        Same text for scans that share the scanner's coordinates; empty where that is not known. Never stored.
    task
        Of a BOLD run.
    events_of
        File beside the source that says what the person did; absent where there is none.
    refusal
        Why the series cannot be imported; empty where it can.
    load
        Makes the image, with an empty folder for working files.
    """

    line: Line
    frame_of_reference: str = ""
    task: str | None = None
    events_of: Path | None = None
    refusal: str = ""
    load: Callable[[Path], Scan] | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether it goes into the study."""
        return self.line.fate == IMPORT

    @property
    def kind(self) -> Kind:
        """What it is taken for."""
        return self.line.kind


IMPORT = "import"
ASIDE = "left aside"
REFUSED = "refused"
