# SPDX-License-Identifier: Apache-2.0
"""Compile a function of arrays to machine code at its first call; the code is kept beside the source."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Compile for one core."""
    return numba.njit(cache=True, fastmath=True, error_model="numpy", nogil=True)(function)  # type: ignore[return-value]


def compiled_parallel(function: Function) -> Function:
    """Compile for all cores: the passes of ``numba.prange`` are shared out among them."""
    return numba.njit(cache=True, fastmath=True, error_model="numpy", nogil=True, parallel=True)(function)  # type: ignore[return-value]
