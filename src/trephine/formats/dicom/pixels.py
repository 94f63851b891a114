# SPDX-License-Identifier: Apache-2.0
"""A slice's numbers, straight from its file, in the unit that its header says."""

from __future__ import annotations

import hashlib
import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np
import SimpleITK as sitk  # noqa: N813 - the name its own manual uses
from pydicom import dcmread

from trephine.core.arrays import AnyArray
from trephine.core.errors import FormatError
from trephine.formats.dicom.picture import Picture

_KEPT_FILES = 4


def values_of(picture: Picture) -> AnyArray:
    """Return a slice's values with its own slope and intercept applied.

    Parameters
    ----------
    picture
        The slice.

    Returns
    -------
    numpy.ndarray
        float64, shape (row, column).

    Raises
    ------
    FormatError
        If the picture cannot be unpacked.
    """
    slope, intercept = rescaling(picture)
    return stored(picture) * slope + intercept


def rescaling(picture: Picture) -> tuple[float, float]:  # slope and intercept
    """Return slope and intercept of a slice; 1 and 0 where its header says nothing."""
    slope = picture.header.number("RescaleSlope")
    intercept = picture.header.number("RescaleIntercept")
    return (1.0 if slope is None else slope, 0.0 if intercept is None else intercept)


def stored(picture: Picture) -> AnyArray:
    """Return a slice's numbers as stored, float64, shape (row, column)."""
    sheet = _sheets(picture.path)[picture.frame]
    if picture.tile is not None:
        row, column = picture.tile
        sheet = sheet[row : row + picture.shape[0], column : column + picture.shape[1]]
    return np.asarray(sheet, dtype=np.float64)


def digest(picture: Picture) -> bytes:
    """Return a digest of a slice's values: equal pictures have equal ones."""
    return hashlib.sha256(np.ascontiguousarray(values_of(picture)).tobytes()).digest()


@lru_cache(maxsize=_KEPT_FILES)
def _sheets(path: Path) -> AnyArray:
    """Unpack a file, shape (frame, row, column)."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = dcmread(path)
            values = file.pixel_array
        if values.ndim == 2:
            values = values[None]
    except (RuntimeError, NotImplementedError):
        return _unpacked_by_gdcm(path)
    except (ValueError, AttributeError, TypeError, KeyError, EOFError) as error:
        raise _damaged(path, str(error)) from error
    return values


def _unpacked_by_gdcm(path: Path) -> AnyArray:
    """Unpack a compression that pydicom alone cannot, undoing the scaling that the reader applies."""
    try:
        reader = sitk.ImageFileReader()
        reader.SetFileName(str(path))
        reader.SetImageIO("GDCMImageIO")
        image = reader.Execute()
    except RuntimeError as error:
        raise _damaged(path, "its compression cannot be unpacked") from error
    values = sitk.GetArrayFromImage(image).astype(np.float64)
    file = dcmread(path, stop_before_pixels=True)
    slope, intercept = float(file.get("RescaleSlope") or 1.0), float(file.get("RescaleIntercept") or 0.0)
    values = (values - intercept) / slope
    return values if values.ndim == 3 else values[None]


def _damaged(path: Path, reason: str) -> FormatError:
    return FormatError.because(
        where=path.name,
        found=f"a picture that cannot be read ({reason})",
        expected="pixels as the header describes them",
        remedy="Export the series anew, uncompressed if possible.",
    )
