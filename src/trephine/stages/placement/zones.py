# SPDX-License-Identifier: Apache-2.0
"""The surgeon's zones on the ground's grid."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import Mask2
from trephine.core.errors import InputError
from trephine.core.frames import IMAGE, SCANNER, Affine
from trephine.kernels.geometry.outlines import is_inside
from trephine.model.ground import Ground
from trephine.model.wishes import Zone


def forbidden(zones: tuple[Zone, ...], ground: Ground, scanner_from_image: Affine | None) -> Mask2:
    """Mark where the zones allow no thread.

    Parameters
    ----------
    zones
        Kept out of or stayed within.
    ground
        Grid and pose.
    scanner_from_image
        Place of the picture, for zones drawn on it.

    Returns
    -------
    numpy.ndarray
        Shape (row, column) of the ground.

    Raises
    ------
    InputError
        If a zone touches no part of the exposed cortex: it was drawn in another frame or place.
    """
    shape = ground.height_mm.shape
    marked = np.zeros(shape, dtype=bool)
    for zone in zones:
        inside = is_inside(_outline(zone, ground, scanner_from_image), ground.xy_mm()).reshape(shape)
        if not (inside & ~ground.rim).any():
            raise InputError.because(
                where=f"zone {zone.name!r}",
                found="a zone that lies nowhere over the exposed cortex",
                expected="one over the dura's opening",
                remedy="Check the frame and the unit that it was drawn in.",
            )
        marked |= inside if zone.rule == "keep out" else ~inside
    return marked


def _outline(zone: Zone, ground: Ground, scanner_from_image: Affine | None) -> np.ndarray:
    """Return the zone's corners in the implant's plane, shape (corner, 2)."""
    place = zone.place or scanner_from_image
    if place is None:
        raise InputError.because(
            where=f"zone {zone.name!r}",
            found=f"a zone in {IMAGE!r} without a picture",
            expected="a picture",
            remedy="Give the picture it was drawn on.",
        )
    scanner = place(zone.outline_mm, frame=place.source)
    return ground.scanner_from_implant.inverse()(scanner, frame=SCANNER)[:, :2]
