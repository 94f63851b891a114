# SPDX-License-Identifier: Apache-2.0
"""Files with the same bytes for the same content."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from PIL import Image

from trephine.core.arrays import AnyArray
from trephine.core.errors import StorageError
from trephine.model.volume import Grid

_GZIP_LEVEL = 1
_PNG_LEVEL = 2


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    StorageError
        If the disk refuses.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StorageError(f"{path}: found {reason}; expected a writable folder with free space. "
                           "Choose another folder or free space.") from error  # fmt: skip


def write_nifti(path: Path, values: AnyArray, grid: Grid, *, time_step_s: float | None = None) -> None:
    """Write a NIfTI image whose sform and qform agree, gzip without a time stamp.

    Parameters
    ----------
    path
        Ends in ``.nii.gz``.
    values
        Shape ``grid.shape``, or with a time axis at the end.
    grid
        Geometry for the header.
    time_step_s
        Time between volumes, for a series.
    """
    image = nib.Nifti1Image(values, grid.affine_mm)
    image.set_sform(grid.affine_mm, code=1)
    image.set_qform(grid.affine_mm, code=1)
    image.header.set_xyzt_units("mm", "sec")
    if time_step_s is not None:
        image.header.set_zooms((*grid.voxel_mm, time_step_s))
    write_bytes(path, gzip.compress(image.to_bytes(), compresslevel=_GZIP_LEVEL, mtime=0))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON in UTF-8, keys in the given order."""
    write_bytes(path, (json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode())


def write_tsv(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """Write a table with tabs; floats as given by ``repr`` after rounding by the caller."""
    lines = ["\t".join(columns), *("\t".join(str(cell) for cell in row) for row in rows)]
    write_bytes(path, ("\n".join(lines) + "\n").encode())


def write_png(path: Path, picture: AnyArray) -> None:
    """Write an 8-bit picture, shape (row, column) or (row, column, 3), without metadata."""
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(stream, format="PNG", compress_level=_PNG_LEVEL)
    write_bytes(path, stream.getvalue())
