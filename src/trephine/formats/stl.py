# SPDX-License-Identifier: Apache-2.0
"""STL, the mesh format of printers: text, in mm, in LPS as 3D Slicer reads and writes meshes.

Text keeps positions to a nanometre; the binary form has single precision. STL itself names neither unit nor
space: millimetres are the custom of printers, and Slicer looks for ``SPACE=`` in the first line
(``slicerstl``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.errors import FormatError
from trephine.core.frames import SCANNER, Frame
from trephine.model.surface import Surface

_TURN = (-1.0, -1.0, 1.0)
"""RAS to LPS and back: x and y change sign, a half turn, so faces keep facing outward."""
_DECIMALS: Final = 6
_SPACES: Final = {"SPACE=LPS": True, "SPACE=RAS": False}


def stl_bytes(surface: Surface, name: str) -> bytes:
    """Write a mesh as the bytes of a text STL file in LPS.

    Parameters
    ----------
    surface
        In ``scanner`` or another RAS+ frame, mm.
    name
        One word for the first line.
    """
    corner = np.round(surface.points_mm * _TURN, _DECIMALS)[surface.faces] + 0.0
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    normal = normal / np.where(length > 0, length, 1.0) + 0.0
    lines = [f"solid {name} SPACE=LPS UNIT=mm"]
    for (nx, ny, nz), points in zip(normal.tolist(), corner.tolist(), strict=True):
        lines += [f"facet normal {nx:.6f} {ny:.6f} {nz:.6f}", " outer loop"]
        lines += [f"  vertex {x:.6f} {y:.6f} {z:.6f}" for x, y, z in points]
        lines += [" endloop", "endfacet"]
    lines.append(f"endsolid {name}")
    return ("\n".join(lines) + "\n").encode()


def read_stl(path: Path, frame: Frame = SCANNER) -> Surface:
    """Read a text STL file whose first line names its space.

    Parameters
    ----------
    path
        A file as ``stl_bytes`` and 3D Slicer write it.
    frame
        Frame to give the positions.

    Returns
    -------
    Surface
        RAS+, corners at the same place made one.

    Raises
    ------
    FormatError
        If the file is no text STL, names no space, or holds a face that is no triangle.
    """
    lines = path.read_bytes().decode("ascii", "replace").splitlines()
    title = lines[0] if lines else ""
    spaces = [is_lps for word, is_lps in _SPACES.items() if word in title]
    if not title.startswith("solid ") or len(spaces) != 1:
        raise FormatError.because(
            where=f"{path}, first line",
            found=repr(title[:60]),
            expected="solid NAME SPACE=LPS, or SPACE=RAS",
            remedy="Save the mesh from 3D Slicer as text STL.",
        )
    corner = _corners(path, [line.split() for line in lines if line.split()[:1] == ["vertex"]])
    points, faces = np.unique(corner * (_TURN if spaces[0] else 1.0), axis=0, return_inverse=True)
    return Surface(points_mm=points, faces=faces.reshape(-1, 3), frame=frame)


def _corners(path: Path, words: list[list[str]]) -> AnyArray:
    """Return the positions of all corners, shape (3 * face, 3)."""
    try:
        corner = np.array([[float(word) for word in line[1:]] for line in words]).reshape(-1, 3)
    except ValueError:
        corner = np.full((1, 3), np.nan)
    if len(corner) % 3 or not np.all(np.isfinite(corner)):
        raise FormatError.because(
            where=f"{path}, vertices",
            found=f"{len(words)} of them, or numbers that are none",
            expected="three vertices of three finite numbers a face",
            remedy="Save the mesh again.",
        )
    return corner
