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
        Standard deviation of a brain point's position.
    mean_error_95_mm
        The mean error over the brain lies between 0 and this in 95 % of cases; absent where nothing is known.
    largest_error_95_mm
        Likewise for the largest error over the brain.
    header_offset_mm, header_offset_rad
        How far the scan's header was off: mean shift of brain points, and turn.
    is_trusted
        Whether the fit may be used; a scan that is not trusted is left out.
    reason
        Why it is not trusted, in words; empty when it is.
    residual_mm
        How far blocks of the scan lie from where the rigid map puts them, robust standard deviation along one
        axis; absent where too few blocks could be placed.
    difference_low_mm, difference_high_mm
        Ends of the 95 % interval of that beyond the blocks' own error: how far the two shapes differ.
    stretch_fraction
        By how much the scan would have to be stretched to fit best; absent as above.
    blocks
        Blocks that could be placed.
    agreeing_starts, starts
        Starts of the search that arrived at the pose, and how many there were.
    """

    moving: str
    scanner_from_moving: Affine
    error_mm: float
    mean_error_95_mm: float | None = None
    largest_error_95_mm: float | None = None
    header_offset_mm: float
    header_offset_rad: float
    is_trusted: bool
    reason: str = ""
    residual_mm: float | None = None
    difference_low_mm: float | None = None
    difference_high_mm: float | None = None
    stretch_fraction: float | None = None
    blocks: int = 0
    agreeing_starts: int = 0
    starts: int = 0
