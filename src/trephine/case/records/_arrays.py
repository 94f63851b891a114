# SPDX-License-Identifier: Apache-2.0
"""Plain NumPy arrays by their key in the layout: read without any library of images."""

from __future__ import annotations

import io

import numpy as np

from trephine.case.store import Case, Writer
from trephine.core.arrays import AnyArray


def put_array(writer: Writer, key: str, values: AnyArray, **entities: str) -> None:
    """Lay a plain NumPy array ready."""
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=False)
    writer.put(key, stream.getvalue(), **entities)


def get_array(case: Case, key: str, **entities: str) -> AnyArray:
    """Read a plain array back."""
    return np.asarray(np.load(io.BytesIO(case.read_bytes(key, **entities)), allow_pickle=False))
