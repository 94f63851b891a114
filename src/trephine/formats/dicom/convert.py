# SPDX-License-Identifier: Apache-2.0
"""Make NIfTI of an ordered stack: dcm2niix where slices lie even and upright, else our own evening."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dcm2niix
import nibabel as nib
import numpy as np

from trephine.core.arrays import AnyArray, Matrix4
from trephine.core.errors import FormatError, StorageError
from trephine.core.frames import Frame
from trephine.formats.dicom.agreement import Agreement, agreement, check_agreement
from trephine.formats.dicom.geometry import Geometry, affine_of, geometry_of
from trephine.formats.dicom.order import Ordered, normal_of
from trephine.formats.dicom.picture import placed
from trephine.formats.dicom.pixels import values_of
from trephine.formats.text import read_json_object
from trephine.kernels.geometry.slices import evened
from trephine.model.volume import Grid

_AIR_HU = -1024.0
_FINEST_STEP_MM = 1.0
"""Uneven slices are evened to their smallest step, but not finer: planning needs no finer CT. Assumed."""
_LIMIT_S = 600
_FLAGS = ("-z", "n", "-b", "y", "-ba", "y", "-m", "y", "-x", "i", "-p", "n", "-g", "i", "-w", "1", "-d", "0")
"""No compression; anonymous sidecar; slices merged as given; neither cropped nor turned; scaling as
displayed; no defaults from the home folder."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Converted:
    """An image and how it was made.

    Parameters
    ----------
    values
        Shape (i, j, k) or (i, j, k, time); CT in Hounsfield units.
    affine_mm
        From voxel indices to RAS mm.
    sidecar
        What dcm2niix said; empty where it was not used.
    converter
        ``dcm2niix`` or ``trephine``.
    geometry
        How the slices lay.
    agreement
        With the slices; the worst repetition of those looked at.
    """

    values: AnyArray
    affine_mm: Matrix4
    sidecar: dict[str, Any]
    converter: str
    geometry: Geometry
    agreement: Agreement


def convert(stack: Ordered, scratch: Path) -> Converted:
    """Convert a stack and hold the result against its slices.

    Parameters
    ----------
    stack
        In order.
    scratch
        Empty folder for working files.

    Returns
    -------
    Converted
        An image that agrees with its slices.

    Raises
    ------
    InputError
        If neither conversion agrees with the slices.
    StorageError
        If dcm2niix is not there.

    Notes
    -----
    Slices that are sheared by a gantry tilt or unevenly spaced are evened here, linear in between, because
    then every voxel can be proved; dcm2niix calls its own correction new and asks to validate it.
    """
    geometry = geometry_of(stack)
    sidecar: dict[str, Any] = {}
    if geometry.is_even and geometry.is_upright:
        made = _by_dcm2niix(stack, scratch)
        if made is not None:
            values, affine_mm, sidecar = made
            found = _agreement(stack, values, affine_mm)
            if found.is_good:
                return Converted(values=values, affine_mm=affine_mm, sidecar=sidecar, converter="dcm2niix",
                                 geometry=geometry, agreement=found)  # fmt: skip
    values, affine_mm = _assembled(stack, geometry)
    found = _agreement(stack, values, affine_mm)
    check_agreement(found)
    return Converted(values=values, affine_mm=affine_mm, sidecar=sidecar, converter="trephine",
                     geometry=geometry, agreement=found)  # fmt: skip


def _agreement(stack: Ordered, values: AnyArray, affine_mm: Matrix4) -> Agreement:
    """Compare the first, middle and last repetition and return the worst."""
    count = len(stack.pictures)
    series = values if values.ndim == 4 else values[..., None]
    if series.shape[3] != count:
        return Agreement(points=0, agreeing_share=0.0, covered_share=0.0)
    grid = Grid(shape=series.shape[:3], affine_mm=affine_mm, frame=Frame("converted"))
    found = [
        agreement(stack, index, series[..., index], grid) for index in sorted({0, count // 2, count - 1})
    ]
    return min(found, key=lambda one: (one.is_good, one.agreeing_share))


def _by_dcm2niix(stack: Ordered, scratch: Path) -> tuple[AnyArray, Matrix4, dict[str, Any]] | None:
    """Run dcm2niix on the stack's files; ``None`` where it does not give exactly one image."""
    program = Path(dcm2niix.bin)
    if not program.is_file():
        raise StorageError.because(
            where="dcm2niix",
            found="no program in its package",
            expected="the program that the package dcm2niix brings along",
            remedy="Install the locked requirements anew.",
        )
    files, out = scratch / "in", scratch / "out"
    files.mkdir(parents=True)
    out.mkdir()
    paths = dict.fromkeys(picture.path for part in stack.pictures for picture in part)
    for number, path in enumerate(paths):
        shutil.copyfile(path, files / f"{number:06d}.dcm")
    command = [str(program), *_FLAGS, "-f", "image", "-o", str(out), str(files)]
    with contextlib.suppress(subprocess.TimeoutExpired):  # without an image the slices are assembled here
        subprocess.run(command, capture_output=True, check=False, timeout=_LIMIT_S)
    shutil.rmtree(files)
    images = sorted(out.glob("*.nii"))
    if len(images) != 1:
        return None
    try:
        image = nib.load(images[0])
        values = np.asanyarray(image.dataobj)
    except (OSError, ValueError) as error:
        raise FormatError(f"dcm2niix wrote an image that cannot be read: {error}") from error
    side = images[0].with_suffix(".json")
    fields = read_json_object(side) if side.is_file() else {}
    if values.ndim not in (3, 4):
        return None
    return _compact(values), np.asarray(image.affine, dtype=np.float64), fields


def _assembled(stack: Ordered, geometry: Geometry) -> tuple[AnyArray, Matrix4]:
    """Build the image from the slices themselves."""
    if geometry.is_even and geometry.is_upright:
        volumes = [
            np.stack([values_of(picture).T for picture in pictures], axis=-1) for pictures in stack.pictures
        ]
        affine_mm = affine_of(stack)
    else:
        plane_mm, low_mm = _planes(geometry), geometry.offset_mm.min(axis=0)
        _, row, column, spacing = placed(stack.first)
        shift = (geometry.offset_mm - low_mm) / np.array(spacing)
        is_ct = stack.first.header.word("Modality") == "CT"
        volumes = []
        for pictures in stack.pictures:
            slices = [values_of(picture) for picture in pictures]
            new = evened(slices.__getitem__, geometry.at_mm, shift, plane_mm, _AIR_HU if is_ct else 0.0)
            volumes.append(new.transpose(1, 0, 2))
        affine_mm = np.eye(4)
        affine_mm[:3, 0], affine_mm[:3, 1] = row * spacing[1], column * spacing[0]
        step_mm = float(plane_mm[1] - plane_mm[0])
        affine_mm[:3, 2] = normal_of(stack.first) * step_mm
        corner = placed(stack.first)[0]
        affine_mm[:3, 3] = corner + column * low_mm[0] + row * low_mm[1]
        if is_ct:
            volumes = [np.rint(volume) for volume in volumes]
    values = volumes[0] if len(volumes) == 1 else np.stack(volumes, axis=-1)
    return _compact(values), affine_mm


def _planes(geometry: Geometry) -> AnyArray:
    """Return where the even planes lie: the slices' own step, or the smallest one where they are uneven."""
    at_mm = geometry.at_mm
    if geometry.is_even:
        return np.linspace(at_mm[0], at_mm[-1], len(at_mm))
    step_mm = max(float(geometry.step_mm.min()), _FINEST_STEP_MM)
    count = max(2, round(float(at_mm[-1] - at_mm[0]) / step_mm) + 1)
    return np.linspace(at_mm[0], at_mm[-1], count)


def _compact(values: AnyArray) -> AnyArray:
    """Store whole numbers that fit as int16, without loss; else float32."""
    if values.dtype == np.int16:
        return np.ascontiguousarray(values)
    is_whole = values.dtype.kind in "iu" or bool(np.all(values == np.rint(values)))
    limits = np.iinfo(np.int16)
    if is_whole and values.min() >= limits.min and values.max() <= limits.max:
        return values.astype(np.int16)
    return values.astype(np.float32)
