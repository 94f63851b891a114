# SPDX-License-Identifier: Apache-2.0
"""The seated body and its screws as closed meshes."""

from __future__ import annotations

import numpy as np

from trephine.core.arrays import AnyArray, Points
from trephine.core.frames import IMPLANT, SCANNER
from trephine.kernels.geometry.outlines import ring
from trephine.model.device import Device
from trephine.model.opening import Opening
from trephine.model.seat import Screw
from trephine.model.surface import Surface
from trephine.stages.closure.seat_settings import Settings

_BODY_CORNERS = 180
_SCREW_CORNERS = 16


def seated(device: Device, opening: Opening, screws: tuple[Screw, ...], settings: Settings) -> Surface:
    """Join the body and its screws; each is closed by itself, in ``scanner``."""
    low, high = 0.0, device.body.thickness_mm.value
    points, faces = _cylinder(device.body.width_mm.value / 2, low, high, _BODY_CORNERS)
    parts = [(opening.pose(points, frame=IMPLANT), faces)]
    for screw in screws:
        # The screw's own z is inward, so its tip lies at its length.
        along = np.array(screw.inward)
        across = np.cross(along, [1.0, 0.0, 0.0] if abs(along[0]) < 0.9 else [0.0, 1.0, 0.0])
        across /= np.linalg.norm(across)
        axes = np.stack([across, np.cross(along, across), along])
        points, faces = _cylinder(
            settings.screw_diameter_mm / 2, 0.0, settings.screw_length_mm, _SCREW_CORNERS
        )
        parts.append((points @ axes + screw.place_mm, faces))
    starts = np.cumsum([0, *(len(points) for points, _ in parts[:-1])])
    return Surface(
        points_mm=np.concatenate([points for points, _ in parts]),
        faces=np.concatenate([faces + start for (_, faces), start in zip(parts, starts, strict=True)]),
        frame=SCANNER,
    )


def _cylinder(radius_mm: float, low_mm: float, high_mm: float, corners: int) -> tuple[Points, AnyArray]:
    """Return a closed cylinder about z whose faces face outward."""
    xy = ring(radius_mm, corners)
    points = np.concatenate(
        [
            np.column_stack([xy, np.full(corners, low_mm)]),
            np.column_stack([xy, np.full(corners, high_mm)]),
            [[0.0, 0.0, low_mm], [0.0, 0.0, high_mm]],
        ]
    )
    here = np.arange(corners)
    after = (here + 1) % corners
    bottom, top = np.full(corners, 2 * corners), np.full(corners, 2 * corners + 1)
    faces = np.concatenate(
        [
            np.column_stack([here, after, after + corners]),
            np.column_stack([here, after + corners, here + corners]),
            np.column_stack([bottom, after, here]),
            np.column_stack([top, here + corners, after + corners]),
        ]
    )
    return points, faces
