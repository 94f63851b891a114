# SPDX-License-Identifier: Apache-2.0
"""Read-only arrays with checked shapes, and the names of the usual shapes."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Float64, Int32
from numpy.typing import ArrayLike, DTypeLike

from trephine.core.errors import InputError

Points = Float64[np.ndarray, "point 3"]
"""Positions, one a row, all in one frame."""
Points2 = Float64[np.ndarray, "point 2"]
"""Positions in a plane, one a row."""
Vector3 = Float64[np.ndarray, "3"]
Matrix4 = Float64[np.ndarray, "4 4"]
Faces = Int32[np.ndarray, "face 3"]
Mask3 = Bool[np.ndarray, "i j k"]
Mask2 = Bool[np.ndarray, "row column"]

AnyArray = np.ndarray[Any, np.dtype[Any]]


def locked(values: ArrayLike, dtype: DTypeLike, shape: tuple[int | None, ...], name: str) -> AnyArray:
    """Copy ``values`` into a read-only, C-ordered array of a checked shape.

    Parameters
    ----------
    values
        What to copy; never changed.
    dtype
        Type of the copy.
    shape
        Expected lengths; ``None`` stands for any length.
    name
        Name used in the message.

    Returns
    -------
    numpy.ndarray
        A copy whose ``writeable`` flag is off.

    Raises
    ------
    InputError
        If the shape differs.
    """
    array = np.array(values, dtype=dtype, order="C")
    agrees = array.ndim == len(shape) and all(
        want in (None, have) for want, have in zip(shape, array.shape, strict=False)
    )
    if not agrees:
        wanted = "(" + ", ".join("any" if n is None else str(n) for n in shape) + ")"
        raise InputError.because(
            where=name,
            found=f"an array of shape {array.shape}",
            expected=f"shape {wanted}",
            remedy="Pass an array of that shape.",
        )
    array.setflags(write=False)
    return array
