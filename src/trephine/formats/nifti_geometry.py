# SPDX-License-Identifier: Apache-2.0
"""Where a NIfTI header says its voxels are, and whether that can be true."""

from __future__ import annotations

import itertools
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError

from trephine.core.arrays import Matrix4
from trephine.core.errors import FormatError

SMALLEST_VOXEL_MM = 0.2
LARGEST_VOXEL_MM = 10.0
FORM_AGREEMENT_MM = 0.1
LARGEST_SHEAR_COSINE = 0.01
"""Cosine between two voxel axes; a gantry tilt of 0.6 degrees already passes it."""
LARGEST_OBLIQUITY_RAD = float(np.deg2rad(40.0))
"""Between a voxel axis and its nearest anatomical axis; tilts of 30 degrees occur in practice."""
_ZOOM_AGREEMENT_FRACTION = 0.05
_UNITS_OTHER_THAN_MM = {"meter": "metres", "micron": "micrometres"}


def checked_affine(path: Path, image: nib.Nifti1Image, *, is_own_result: bool) -> Matrix4:
    """Return the map from voxel indices to mm after checking it.

    Parameters
    ----------
    path
        Named in messages.
    image
        The image just read.
    is_own_result
        Whether this program wrote it; then sizes and angles that no scanner makes are accepted.

    Returns
    -------
    numpy.ndarray
        Shape (4, 4), indices to RAS+ mm. The sform where it has a code, else the qform.

    Raises
    ------
    FormatError
        If there is no orientation, two that disagree, another unit than mm, or an impossible matrix.
    """
    _check_unit(path, image.header)
    forms = _coded_forms(path, image)
    for name, matrix in forms.items():
        _check_invertible(path, name, matrix)
    if len(forms) == 2:
        _check_agreement(path, image.shape[:3], forms["sform"], forms["qform"])
    name, affine = next(iter(forms.items()))
    if not is_own_result:
        _check_sizes(path, name, affine, image.header.get_zooms()[:3])
        _check_angles(path, name, affine)
    return affine


def _check_unit(path: Path, header: nib.Nifti1Header) -> None:
    """Refuse a header that states another unit of length than mm; none stated is taken as mm, as is usual."""
    try:
        unit = header.get_xyzt_units()[0]
    except KeyError:
        unit = f"code {int(header['xyzt_units'])}"
    if unit in ("mm", "unknown"):
        return
    raise FormatError.because(
        where=f"{path}, header field xyzt_units",
        found=f"lengths in {_UNITS_OTHER_THAN_MM.get(unit, unit)}",
        expected="lengths in mm",
        remedy="Scale the header's voxel sizes and origin to mm and set xyzt_units to 2 (mm).",
    )


def _coded_forms(path: Path, image: nib.Nifti1Image) -> dict[str, Matrix4]:
    """Return the header's maps that have a code, sform first."""
    try:
        forms = {"sform": image.header.get_sform(coded=True), "qform": image.header.get_qform(coded=True)}
    except HeaderDataError as error:
        raise FormatError.because(
            where=f"{path}, header field qform",
            found=f"a quaternion that is no rotation ({error})",
            expected="a rotation",
            remedy="Convert the scan to NIfTI anew from its source.",
        ) from error
    coded = {
        name: np.asarray(matrix, dtype=np.float64) for name, (matrix, code) in forms.items() if int(code) > 0
    }
    if not coded:
        raise FormatError.because(
            where=f"{path}, header fields sform_code and qform_code",
            found="both 0: the file does not say which way the head lies",
            expected="at least one code above 0",
            remedy="Convert the scan anew from DICOM; left and right cannot be guessed.",
        )
    return coded


def _check_invertible(path: Path, name: str, matrix: Matrix4) -> None:
    if np.all(np.isfinite(matrix)) and abs(float(np.linalg.det(matrix[:3, :3]))) > 1e-9:
        return
    raise FormatError.because(
        where=f"{path}, {name}",
        found=f"the matrix {_rows(matrix)}, which cannot be inverted",
        expected="a matrix that gives every voxel its own place",
        remedy="Convert the scan to NIfTI anew from its source.",
    )


def _check_agreement(path: Path, shape: tuple[int, ...], sform: Matrix4, qform: Matrix4) -> None:
    """Compare both maps at the corners, where an affine difference is largest."""
    corners = np.array([(*c, 1.0) for c in itertools.product(*((0, n - 1) for n in shape))])
    apart_mm = float(np.linalg.norm(corners @ (sform - qform).T, axis=1).max())
    if apart_mm <= FORM_AGREEMENT_MM:
        return
    raise FormatError.because(
        where=f"{path}, sform and qform",
        found=f"two orientations that differ by up to {apart_mm:.1f} mm: sform {_rows(sform)}, "
        f"qform {_rows(qform)}",
        expected=f"both within {FORM_AGREEMENT_MM} mm",
        remedy="Find out which one is right, then set the other's code to 0 or copy the right one into it.",
    )


def _check_sizes(path: Path, name: str, affine: Matrix4, zooms: tuple[float, ...]) -> None:
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    found = " x ".join(f"{size:.3g}" for size in sizes)
    if sizes.min() < SMALLEST_VOXEL_MM or sizes.max() > LARGEST_VOXEL_MM:
        raise FormatError.because(
            where=f"{path}, {name}",
            found=f"voxels of {found} mm{_unit_guess(float(sizes.max()))}",
            expected=f"{SMALLEST_VOXEL_MM} to {LARGEST_VOXEL_MM:.0f} mm along every axis",
            remedy="Correct the header to mm, or convert the scan anew from its source.",
        )
    header_sizes = np.asarray(zooms, dtype=np.float64)
    if np.any(np.abs(header_sizes / sizes - 1.0) > _ZOOM_AGREEMENT_FRACTION):
        raise FormatError.because(
            where=f"{path}, {name} and pixdim",
            found=f"voxels of {found} mm in {name} and of "
            f"{' x '.join(f'{size:.3g}' for size in header_sizes)} mm in pixdim",
            expected="the same voxel sizes in both",
            remedy="Convert the scan anew from its source: one of the two was edited alone.",
        )


def _unit_guess(largest: float) -> str:
    """Say what a wrong size looks like."""
    if largest < SMALLEST_VOXEL_MM:
        return " (they look like metres)"
    return " (they look like micrometres)" if largest >= 200.0 else ""


def _check_angles(path: Path, name: str, affine: Matrix4) -> None:
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    cosine = float(np.abs(axes.T @ axes - np.eye(3)).max())
    if cosine > LARGEST_SHEAR_COSINE:
        raise FormatError.because(
            where=f"{path}, {name}",
            found=f"voxel axes at {np.rad2deg(np.arccos(min(cosine, 1.0))):.1f} degrees to one another",
            expected="axes at right angles (90 degrees)",
            remedy="Resample the scan to a right-angled grid (a CT taken with gantry tilt needs this), "
            "or correct the header.",
        )
    oblique_rad = float(np.arccos(np.clip(np.abs(axes).max(axis=0), 0.0, 1.0)).max())
    if oblique_rad > LARGEST_OBLIQUITY_RAD:
        raise FormatError.because(
            where=f"{path}, {name}",
            found=f"a grid turned by {np.rad2deg(oblique_rad):.0f} degrees from the head's axes",
            expected=f"at most {np.rad2deg(LARGEST_OBLIQUITY_RAD):.0f} degrees",
            remedy="Check the header against the scanner's own pictures; if the scan really is so oblique, "
            "resample it to an upright grid.",
        )


def _rows(matrix: Matrix4) -> str:
    return "[" + "; ".join(" ".join(f"{value:.4g}" for value in row) for row in matrix[:3]) + "]"
