# SPDX-License-Identifier: Apache-2.0
"""GIFTI surfaces to and from ``Surface``."""

from __future__ import annotations

import gzip
from pathlib import Path
from xml.parsers.expat import ExpatError

import nibabel as nib
import numpy as np
from nibabel.gifti import GiftiCoordSystem, GiftiDataArray, GiftiImage, GiftiMetaData

from trephine.core.arrays import AnyArray
from trephine.core.errors import FormatError
from trephine.core.frames import MNI152, Frame
from trephine.formats.content import read_bytes
from trephine.model.surface import Surface

_FRAME_KEY = "Frame"
_POINTS = "NIFTI_INTENT_POINTSET"
_FACES = "NIFTI_INTENT_TRIANGLE"
_SHAPE = "NIFTI_INTENT_SHAPE"


def surface_bytes(surface: Surface) -> bytes:
    """Write a surface as the bytes of a ``.surf.gii`` file: the same surface always gives the same bytes.

    Parameters
    ----------
    surface
        What to write; GIFTI keeps positions as float32, in mm, RAS+.

    Returns
    -------
    bytes
        XML with compressed arrays; the frame's name is in the metadata.
    """
    space = "NIFTI_XFORM_MNI_152" if surface.frame == MNI152 else "NIFTI_XFORM_SCANNER_ANAT"
    points = GiftiDataArray(
        surface.points_mm.astype(np.float32),
        intent=_POINTS,
        datatype="NIFTI_TYPE_FLOAT32",
        coordsys=GiftiCoordSystem(space, space, np.eye(4)),
        meta=GiftiMetaData({_FRAME_KEY: surface.frame}),
    )
    faces = GiftiDataArray(surface.faces.astype(np.int32), intent=_FACES, datatype="NIFTI_TYPE_INT32")
    return bytes(GiftiImage(darrays=[points, faces]).to_bytes())


def read_surface(path: Path, frame: Frame) -> Surface:
    """Read a surface.

    Parameters
    ----------
    path
        A ``.surf.gii`` file, or one packed as ``.gii.gz``.
    frame
        Frame of its positions.

    Returns
    -------
    Surface
        Positions in mm and faces.

    Raises
    ------
    FormatError
        If the file is no GIFTI surface, holds positions that are not finite, or names another frame.
    """
    data = read_bytes(path)
    try:
        data = gzip.decompress(data) if path.suffix == ".gz" else data
        image = nib.GiftiImage.from_bytes(data)
        points = image.get_arrays_from_intent(_POINTS)
        faces = image.get_arrays_from_intent(_FACES)
    except (ExpatError, ValueError, KeyError, OSError) as error:
        raise FormatError.because(
            where=str(path),
            found=f"content that is no GIFTI XML ({error})",
            expected="a GIFTI surface",
            remedy="Copy or make the file anew.",
        ) from error
    if len(points) != 1 or len(faces) != 1 or not np.all(np.isfinite(points[0].data)):
        raise FormatError.because(
            where=str(path),
            found=f"{len(points)} sets of points and {len(faces)} of triangles, or points not finite",
            expected="one finite set of each",
            remedy="Save one surface a file.",
        )
    named = points[0].meta.get(_FRAME_KEY, frame)
    if named != frame:
        raise FormatError.because(
            where=str(path),
            found=f"positions in {named!r}",
            expected=f"positions in {frame!r}",
            remedy="Read the surface of the right frame.",
        )
    return Surface(points_mm=points[0].data.astype(np.float64), faces=faces[0].data, frame=frame)


def values_bytes(values: AnyArray, name: str) -> bytes:
    """Write one number a corner as the bytes of a ``.shape.gii`` file.

    Parameters
    ----------
    values
        Shape (corner,); kept as float32.
    name
        What they are, with its unit as suffix.
    """
    array = GiftiDataArray(
        np.asarray(values, dtype=np.float32),
        intent=_SHAPE,
        datatype="NIFTI_TYPE_FLOAT32",
        meta=GiftiMetaData({"Name": name}),
    )
    return bytes(GiftiImage(darrays=[array]).to_bytes())


def read_values(path: Path) -> AnyArray:
    """Read one number a corner, float32, shape (corner,).

    Raises
    ------
    FormatError
        If the file is no GIFTI, or holds other than one array of finite numbers.
    """
    try:
        arrays = nib.GiftiImage.from_bytes(read_bytes(path)).get_arrays_from_intent(_SHAPE)
    except (ExpatError, ValueError, KeyError, OSError) as error:
        raise FormatError.because(
            where=str(path),
            found=f"content that is no GIFTI XML ({error})",
            expected="one number a corner",
            remedy="Copy or make the file anew.",
        ) from error
    if len(arrays) != 1 or arrays[0].data.ndim != 1 or not np.all(np.isfinite(arrays[0].data)):
        raise FormatError.because(
            where=str(path),
            found=f"{len(arrays)} arrays, or numbers that are not finite",
            expected="one finite number a corner",
            remedy="Make the file anew.",
        )
    return np.asarray(arrays[0].data, dtype=np.float32)
