# SPDX-License-Identifier: Apache-2.0
"""What scans tell of the cortex under an opening: all that planning on a live view needs of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Mask2, Points, Points2, locked
from trephine.core.errors import FrameError, InputError
from trephine.core.frames import IMPLANT, Affine


@dataclass(frozen=True, kw_only=True, eq=False)
class VesselsBefore:
    """Vessels seen before surgery, cast along the implant's axis onto the cortex.

    Parameters
    ----------
    mask
        Where one lies near the surface, shape (row, column) of the ground.
    smallest_diameter_mm, registration_error_mm
        As of the angiogram they come from.
    """

    mask: Mask2
    smallest_diameter_mm: float
    registration_error_mm: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Ground:
    """Flat maps over the durectomy that no live view changes: rows run along the implant's y, columns its x.

    Parameters
    ----------
    scanner_from_implant
        Pose of the maps' frame, ``implant``.
    origin_mm
        (x, y) of the centre of the pixel in row 0, column 0, in ``implant``, shape (2,).
    pixel_mm
        Edge of a pixel.
    site_pixels
        Pitch of the grid of sites: every so many pixels, from pixel (0, 0).
    height_mm
        z of the cortex in ``implant``, float32, shape (row, column); NaN where the axis meets no cortex.
    sulcus
        Where the surface turns into a sulcus, same shape.
    rim
        Off the durectomy, too near its edge, or off the cortex, same shape.
    normal
        Unit normal of the cortex outward at every site, float32, shape (site row, site column, 3).
    value
        Functional value of a thread at every site, 0 to 1, float32, shape (site row, site column).
    brain_share
        Share of the thread's path that lies in brain at every site, same shape.
    depth_mm
        Depth of the tip below the pia that is best at every site, same shape.
    grey_count
        Electrodes in grey matter at that depth by the tissue labels, same shape.
    thickness_mm, thickness_sd_mm
        Thickness of grey matter and its standard deviation at every site, NaN where not known, same shape.
    before
        Vessels seen before surgery; absent without an angiogram.
    """

    scanner_from_implant: Affine
    origin_mm: AnyArray
    pixel_mm: float
    site_pixels: int
    height_mm: AnyArray
    sulcus: Mask2
    rim: Mask2
    normal: AnyArray
    value: AnyArray
    brain_share: AnyArray
    depth_mm: AnyArray
    grey_count: AnyArray
    thickness_mm: AnyArray
    thickness_sd_mm: AnyArray
    before: VesselsBefore | None = None

    def __post_init__(self) -> None:
        height = locked(self.height_mm, np.float32, (None, None), "height_mm")
        sites = height[:: self.site_pixels, :: self.site_pixels].shape
        for name, dtype, shape in (
            ("height_mm", np.float32, height.shape),
            ("sulcus", np.bool_, height.shape),
            ("rim", np.bool_, height.shape),
            ("normal", np.float32, (*sites, 3)),
            ("value", np.float32, sites),
            ("brain_share", np.float32, sites),
            ("depth_mm", np.float32, sites),
            ("grey_count", np.float32, sites),
            ("thickness_mm", np.float32, sites),
            ("thickness_sd_mm", np.float32, sites),
            ("origin_mm", np.float64, (2,)),
        ):
            object.__setattr__(self, name, locked(getattr(self, name), dtype, shape, name))
        if self.before is not None:
            locked(self.before.mask, np.bool_, height.shape, "before.mask")
        if self.scanner_from_implant.source != IMPLANT:
            raise FrameError.because(
                where="ground",
                found=f"a pose from {self.scanner_from_implant.source!r}",
                expected=f"a pose from {IMPLANT!r}",
                remedy="Pass the opening's pose.",
            )
        if self.pixel_mm <= 0 or self.site_pixels < 1:
            raise InputError.because(
                where="ground, pixel_mm and site_pixels",
                found=f"{self.pixel_mm} mm and {self.site_pixels}",
                expected="more than 0 mm and at least 1",
                remedy="Pass the edge of a pixel and the pitch of the sites.",
            )

    def xy_mm(self) -> Points2:
        """Return every pixel's (x, y) in ``implant``, shape (row * column, 2)."""
        rows, columns = np.indices(self.height_mm.shape)
        return np.column_stack([columns.ravel(), rows.ravel()]) * self.pixel_mm + self.origin_mm

    def surface_mm(self, z_mm: AnyArray) -> Points:
        """Return every pixel's place in ``scanner`` at a height for each, shape (row * column, 3)."""
        return self.scanner_from_implant(np.column_stack([self.xy_mm(), z_mm.ravel()]), frame=IMPLANT)
