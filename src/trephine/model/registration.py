# SPDX-License-Identifier: Apache-2.0
"""How another scan lies on the planning T1."""

from __future__ import annotations

from dataclasses import dataclass

from trephine.core.frames import Affine


@dataclass(frozen=True, kw_only=True, eq=False)
class Registration:
    """A rigid registration with what is known of its error.

    Parameters
    ----------
    moving
        Name of the scan, such as ``ct``.
    scanner_from_moving
        Rigid map from the scan's own frame to ``scanner``.
    error_mm
        Standard deviation of a brain point's position, from fits to halves of the scan and repeated starts.
    header_offset_mm, header_offset_rad
        How far the scan's header was off: mean shift of brain points, and turn.
    is_trusted
        Whether the fit may be used; a scan that is not trusted is left out.
    """

    moving: str
    scanner_from_moving: Affine
    error_mm: float
    header_offset_mm: float
    header_offset_rad: float
    is_trusted: bool
