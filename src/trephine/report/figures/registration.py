# SPDX-License-Identifier: Apache-2.0
"""Each further scan as its registration lays it, under the outlines of the planning T1."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy, Tissue
from trephine.model.registration import Registration
from trephine.model.scan import ScanKind
from trephine.model.volume import Volume
from trephine.report.drawing import Drawing, Figure
from trephine.report.figures.where_hand import ORIENTATIONS, head_box, signal_top, slice_note
from trephine.report.plane import (
    CONVENTION,
    TISSUE_LINES,
    Floats,
    Orientation,
    Plane,
    Sheet,
    grey_of,
    plane_through,
)
from trephine.report.words import number

_PIXEL_MM = 0.8
_SQUARE_MM = 24.0
_SLAB_MM = 24.0
"""Thickness over which vessels are gathered: one slice of an angiogram shows hardly any."""
_SLAB_STEP_MM = 1.5
_TOP = 255.0
_HOW_TO_LOOK = (
    "under the T1's outlines of scalp (yellow), skull (blue), pial surface (vermilion) and white matter "
    "(green). Lower row: the T1 and it in alternating squares. Look for outlines that leave the edges of the "
    f"scan, and for edges that break where squares meet. Slices are {CONVENTION}."
)


def figures(
    anatomy: Anatomy, registrations: tuple[Registration, ...], pictures: Mapping[str, Volume]
) -> list[Figure]:
    """Draw one figure for each registration whose scan was kept.

    Parameters
    ----------
    anatomy
        What the scans are laid on.
    registrations
        Used or not; the caption says which.
    pictures
        The moved scans by name, 0 to 255.
    """
    return [
        _figure(anatomy, registration, pictures[registration.moving])
        for registration in registrations
        if registration.moving in pictures
    ]


def _figure(anatomy: Anatomy, registration: Registration, picture: Volume) -> Figure:
    name = registration.moving
    return Figure(
        key=f"registration-{name}",
        caption=f"{_state(registration)} Upper row: the {name} scan{_slab_words(name)} {_HOW_TO_LOOK}",
        drawings=_rows(anatomy, name, picture),
        layout="triple",
    )


def run_figure(anatomy: Anatomy, hand_map: HandMap) -> Figure:
    """Draw the mean image of every run of the task as its registration lays it: two rows a run.

    Parameters
    ----------
    anatomy
        What the runs are laid on.
    hand_map
        With the picture of each run.
    """
    errors = [
        f"{run.name}: {number(run.registration_error_mm, 1)} mm"
        + ("" if run.is_registration_trusted else ", not trusted")
        for run in hand_map.runs
    ]
    drawings = [
        drawing
        for place, picture in enumerate(hand_map.run_pictures, start=1)
        for drawing in _rows(anatomy, f"bold run {place}", picture)
    ]
    return Figure(
        key="registration-bold",
        caption="The mean image of each run of the hand task on the planning T1; error of a brain point "
        f"({'; '.join(errors)}). Upper row of each run: the mean image {_HOW_TO_LOOK} "
        "BOLD is distorted near air, above the nose and the ears.",
        drawings=tuple(drawings),
        layout="triple",
    )


def _rows(anatomy: Anatomy, name: str, picture: Volume) -> tuple[Drawing, ...]:
    """Draw a scan in three planes under the T1's outlines, then in squares beside the T1."""
    centre = _middle(anatomy)
    return (
        *(_outlined(kind, anatomy, name, picture, centre) for kind in ORIENTATIONS),
        *(_squares(kind, anatomy, name, picture, centre) for kind in ORIENTATIONS),
    )


def _state(registration: Registration) -> str:
    name = registration.moving
    if not registration.is_trusted:
        return f"The {name} scan is not used: {registration.reason}."
    bound = registration.mean_error_95_mm
    error = (
        f" Its mean error over the brain is below {number(bound, 2)} mm in 95 % of cases." if bound else ""
    )
    return f"The {name} scan is used.{error}"


def _slab_words(name: str) -> str:
    return f" (brightest of {number(_SLAB_MM, 0)} mm)" if name == ScanKind.MRA else ""


def _middle(anatomy: Anatomy) -> NDArray[np.float64]:
    grid = anatomy.intracranial.grid
    inside = np.argwhere(np.asarray(anatomy.intracranial.values[::4, ::4, ::4]) > 0) * 4
    if not len(inside):
        inside = (np.array(grid.shape)[None] - 1) // 2
    return np.asarray(grid.mm_of(inside).mean(axis=0))


def _plane(kind: Orientation, anatomy: Anatomy, centre: NDArray[np.float64]) -> Plane:
    low, high = head_box(anatomy)
    return plane_through(kind, centre, low, high, _PIXEL_MM)


def _scan_on(plane: Plane, name: str, picture: Volume) -> Floats:
    """Return the scan on a plane, 0 to 1; of an angiogram the brightest of a slab about it."""
    if name != ScanKind.MRA:
        return np.asarray(plane.sampled(picture) / _TOP, dtype=np.float32)
    depths = np.arange(-_SLAB_MM / 2, _SLAB_MM / 2 + 0.1, _SLAB_STEP_MM)
    layers = [
        Plane(
            corner_mm=plane.corner_mm + depth * plane.across,
            right=plane.right,
            down=plane.down,
            pixel_mm=plane.pixel_mm,
            shape=plane.shape,
        ).sampled(picture)
        for depth in depths
    ]
    return np.asarray(np.max(layers, axis=0) / _TOP, dtype=np.float32)


def _outlined(
    kind: Orientation, anatomy: Anatomy, name: str, picture: Volume, centre: NDArray[np.float64]
) -> Drawing:
    plane = _plane(kind, anatomy, centre)
    alt = f"{name} scan, {kind}, with the T1's outlines of scalp, skull, pial surface and white matter"
    sheet = Sheet.of(plane, grey_of(_scan_on(plane, name, picture), 1.0), width=340, alt=alt)
    label = plane.sampled(anatomy.tissue, order=0)
    for line, is_inside in (
        ("scalp", label >= Tissue.SCALP),
        ("skull", label == Tissue.SKULL),
        ("pial surface", label >= Tissue.GREY),
        ("white matter", label >= Tissue.WHITE),
    ):
        smooth = ndimage.gaussian_filter(is_inside.astype(np.float32), 0.7)
        sheet.contours(smooth, 0.5, TISSUE_LINES[line], width=0.8, shortest_mm=14)
    sheet.marks(bar_mm=50, note=slice_note(kind, centre))
    return sheet.drawing


def _squares(
    kind: Orientation, anatomy: Anatomy, name: str, picture: Volume, centre: NDArray[np.float64]
) -> Drawing:
    plane = _plane(kind, anatomy, centre)
    t1 = plane.sampled(anatomy.t1) / signal_top(anatomy)
    rows, columns = np.indices(plane.shape) * plane.pixel_mm // _SQUARE_MM
    is_scan = (rows + columns) % 2 > 0
    mixed = np.where(is_scan, _scan_on(plane, name, picture), t1)
    alt = f"T1 and {name} scan in alternating squares, {kind}"
    sheet = Sheet.of(plane, grey_of(mixed, 1.0), width=340, alt=alt)
    sheet.marks(bar_mm=50, note=slice_note(kind, centre))
    return sheet.drawing
