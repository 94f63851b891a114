# SPDX-License-Identifier: Apache-2.0
"""NIfTI images to and from ``Volume`` and ``Series``.

Images come back on the grid closest to RAS+: axes are swapped and turned, values are never resampled.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation

from trephine.core.arrays import AnyArray, Matrix4
from trephine.core.errors import FormatError, InputError
from trephine.core.frames import MNI152, SCANNER, Frame
from trephine.formats.nifti_content import read_image
from trephine.formats.nifti_geometry import LARGEST_SHEAR_COSINE, checked_affine
from trephine.formats.nifti_timing import Timing, check_timing, turned_slice_times
from trephine.model.volume import Grid, Series, Volume

_SCANNER_CODE = 1
_MNI_CODE = 4
_COMPRESSION = 1  # a fifth of the time of level 6 for a tenth more bytes


def read_volume(path: Path, frame: Frame, unit: str = "arbitrary", *, is_own_result: bool = False) -> Volume:
    """Read a three-dimensional image onto the grid closest to RAS+.

    Parameters
    ----------
    path
        A ``.nii`` or ``.nii.gz`` file.
    frame
        Frame of the header's mm.
    unit
        Unit of the values, as ``Volume.unit``.
    is_own_result
        Whether this program wrote the file. Then it may be constant (no vessel found), and its voxels may
        have sizes that no scanner makes.

    Returns
    -------
    Volume
        Values with the header's scaling applied (float32 then, else the stored type), read-only.

    Raises
    ------
    FormatError
        If the file is cut short or of another kind, not three-dimensional, empty, constant, not finite, or
        its orientation is missing, contradictory or impossible.
    StorageError
        If the file may not be read.
    """
    image = read_image(path)
    _check_shape(path, image.shape, axes=3)
    affine = checked_affine(path, image, is_own_result=is_own_result)
    values = read_values(path, image).reshape(image.shape[:3])
    if not is_own_result:
        _check_not_constant(path, values)
    turned, matrix, _ = _closest_ras(values, affine)
    return Volume(values=turned, grid=Grid(shape=turned.shape, affine_mm=matrix, frame=frame), unit=unit)


def read_series(path: Path, frame: Frame, timing: Timing) -> Series:
    """Read a four-dimensional image onto the grid closest to RAS+.

    Parameters
    ----------
    path
        A ``.nii`` or ``.nii.gz`` file.
    frame
        Frame of the header's mm.
    timing
        Times, from the sidecar. Slice times are put in the order of the turned grid.

    Returns
    -------
    Series
        Values with the header's scaling applied (float32 then, else the stored type), read-only.

    Raises
    ------
    FormatError
        As ``read_volume``; and if the header states another repetition time, or slice times are too few, too
        many, or of slices that do not run from foot to head.
    """
    image = read_image(path)
    _check_shape(path, image.shape, axes=4)
    affine = checked_affine(path, image, is_own_result=False)
    check_timing(path, image, timing)
    values = read_values(path, image)
    _check_not_constant(path, values)
    turned, matrix, orientation = _closest_ras(values, affine)
    return Series(
        values=turned,
        grid=Grid(shape=turned.shape[:3], affine_mm=matrix, frame=frame),
        repetition_time_s=timing.repetition_time_s,
        slice_time_s=turned_slice_times(path, timing, orientation),
    )


def volume_bytes(volume: Volume) -> bytes:
    """Write a volume as the bytes of a ``.nii.gz`` file: the same volume always gives the same bytes.

    Parameters
    ----------
    volume
        What to write; truth values become uint8, and 64-bit whole numbers int32.

    Returns
    -------
    bytes
        NIfTI-1, gzip without a time stamp, qform equal to sform (no qform for a sheared grid, which cannot
        have one).

    Raises
    ------
    InputError
        If whole numbers do not fit in 32 bits.
    """
    return _image_bytes(_storable(volume.values), volume.grid)


def series_bytes(series: Series) -> bytes:
    """Write a series as the bytes of a ``.nii.gz`` file, with its repetition time in the header."""
    return _image_bytes(_storable(series.values), series.grid, repetition_time_s=series.repetition_time_s)


def image_bytes(values: AnyArray, affine_mm: Matrix4, *, repetition_time_s: float | None = None) -> bytes:
    """Write an array as the bytes of a ``.nii.gz`` file whose header holds geometry alone.

    Parameters
    ----------
    values
        Shape (i, j, k) or (i, j, k, time); stored as ``volume_bytes`` does.
    affine_mm
        From voxel indices to scanner RAS+ mm, shape (4, 4).
    repetition_time_s
        Time from one volume to the next, for a series.
    """
    shape = (int(values.shape[0]), int(values.shape[1]), int(values.shape[2]))
    grid = Grid(shape=shape, affine_mm=affine_mm, frame=SCANNER)
    return _image_bytes(_storable(values), grid, repetition_time_s=repetition_time_s)


def _check_shape(path: Path, shape: tuple[int, ...], *, axes: int) -> None:
    """Refuse another number of axes; trailing axes of length one are no axes."""
    lengths = list(shape)
    while len(lengths) > axes and lengths[-1] == 1:
        lengths.pop()
    if len(lengths) == axes and min(lengths) > 1:
        return
    kind = {3: "a single three-dimensional image", 4: "a time series of three-dimensional images"}[axes]
    raise FormatError.because(
        where=str(path),
        found=f"shape {tuple(int(n) for n in shape)}",
        expected=f"{kind}: {axes} axes of more than one voxel",
        remedy="Check that the file is of the kind that its name says"
        + (", or take one volume of the series." if axes == 3 else "."),
    )


def read_values(path: Path, image: nib.Nifti1Image) -> AnyArray:
    """Return scaled values, all finite, in their stored type or float32."""
    stored = image.get_data_dtype()
    if stored.kind not in "iuf" or stored.itemsize > 8:
        raise FormatError.because(
            where=f"{path}, header field datatype",
            found=f"values of type {stored}",
            expected="whole or real numbers",
            remedy="Save the magnitude of a complex image, or one channel of a colour image.",
        )
    values = np.asanyarray(image.dataobj)
    if values.dtype.kind == "f":
        bad = int(values.size - np.count_nonzero(np.isfinite(values)))
        if bad:
            raise FormatError.because(
                where=str(path),
                found=f"{bad} values that are not numbers (NaN or infinite)",
                expected="a finite number in every voxel",
                remedy="Find out which step made them; fill them (with 0 outside the head) on purpose.",
            )
        if stored.kind != "f":
            values = values.astype(np.float32)
    return values.astype(values.dtype.newbyteorder("="))


def _check_not_constant(path: Path, values: AnyArray) -> None:
    low, high = values.min(), values.max()
    if low == high:
        raise FormatError.because(
            where=str(path),
            found=f"the value {low} in every voxel",
            expected="an image",
            remedy="Export the scan anew: it is empty.",
        )


def _closest_ras(values: AnyArray, affine: Matrix4) -> tuple[AnyArray, Matrix4, AnyArray]:
    """Swap and turn axes to run most nearly right, front, up; also return what was done."""
    orientation = io_orientation(affine)
    turned = apply_orientation(values, orientation)
    return np.ascontiguousarray(turned), affine @ inv_ornt_aff(orientation, values.shape[:3]), orientation


def _storable(values: AnyArray) -> AnyArray:
    """Return values in a type that every reader of NIfTI knows."""
    if values.dtype == np.bool_:
        return values.astype(np.uint8)
    if values.dtype == np.float16:
        return values.astype(np.float32)
    if values.dtype.kind in "iu" and values.dtype.itemsize == 8:
        limits = np.iinfo(np.int32)
        if values.size and (values.min() < limits.min or values.max() > limits.max):
            raise InputError.because(
                where="values to be written as NIfTI",
                found=f"whole numbers from {values.min()} to {values.max()}",
                expected="numbers that fit in 32 bits",
                remedy="Store labels, or real numbers.",
            )
        return values.astype(np.int32)
    return values


def _image_bytes(values: AnyArray, grid: Grid, *, repetition_time_s: float | None = None) -> bytes:
    image = nib.Nifti1Image(values, grid.affine_mm)
    code = _MNI_CODE if grid.frame == MNI152 else _SCANNER_CODE
    image.set_sform(grid.affine_mm, code)
    axes = grid.affine_mm[:3, :3] / np.array(grid.voxel_mm)
    is_sheared = float(np.abs(axes.T @ axes - np.eye(3)).max()) > LARGEST_SHEAR_COSINE / 100
    image.set_qform(None if is_sheared else grid.affine_mm, 0 if is_sheared else code)
    image.header.set_xyzt_units("mm", "sec")
    if repetition_time_s is not None:
        image.header.set_zooms((*grid.voxel_mm, repetition_time_s))
    return gzip.compress(image.to_bytes(), _COMPRESSION, mtime=0)
