# SPDX-License-Identifier: Apache-2.0
"""The same work on both hemispheres, side by side."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def on_both_sides(work: Callable[[int], Result]) -> tuple[Result, Result]:
    """Do something for hemisphere 0 (left) and 1 (right) on two threads.

    Parameters
    ----------
    work
        Takes the hemisphere's number. It must write to nothing that the other side reads.

    Returns
    -------
    tuple
        Left, right. The same as one after the other: neither waits for the other.
    """
    with ThreadPoolExecutor(2) as pool:
        left, right = pool.map(work, (0, 1))
    return left, right
