# SPDX-License-Identifier: Apache-2.0
"""Missing slices: holes in the numbers, and gaps in the positions.

A head CT often has thin slices at the base and thick ones at the vault, so a wider step alone proves nothing.
Numbers decide first. Where they say nothing, a step is a gap when the steps on either side are smaller.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from trephine.core.arrays import AnyArray

GAP_RATIO = 1.5
"""A step so many times the larger of its neighbours' is a gap: one missing slice doubles it. Assumed."""
EVEN_RATIO = 1.1
"""Steps within a tenth of each other count as equal when a skipped number is to be explained. Assumed."""
_NEIGHBOURS = 3


def steps_of(at_mm: AnyArray) -> AnyArray:
    """Return the distances from each slice to the next, shape (slice - 1,), mm."""
    return np.diff(np.asarray(at_mm, dtype=np.float64))


def gap_after(step_mm: AnyArray) -> dict[int, int]:
    """Find steps that are too wide for their surroundings.

    Parameters
    ----------
    step_mm
        From each slice to the next along the stack, shape (step,).

    Returns
    -------
    dict
        Index of the slice before each gap, to how many slices are likely missing there.
    """
    found = {}
    for index, step in enumerate(step_mm):
        before = step_mm[max(0, index - _NEIGHBOURS) : index]
        after = step_mm[index + 1 : index + 1 + _NEIGHBOURS]
        typical_mm = max((float(np.median(part)) for part in (before, after) if len(part)), default=np.inf)
        if step > GAP_RATIO * typical_mm:
            found[index] = max(1, round(float(step) / typical_mm) - 1)
    return found


def numbering_step(numbers: Collection[int]) -> int:
    """Return by how much numbers usually grow: 1, or more where echoes take turns."""
    ordered = sorted(set(numbers))
    steps = Counter(b - a for a, b in itertools.pairwise(ordered))
    return steps.most_common(1)[0][0] if steps else 1


def numbers_between(first: int, second: int, known: Collection[int]) -> tuple[int, ...]:
    """List the numbers that should stand between two neighbouring slices and that no slice of the series has.

    Parameters
    ----------
    first, second
        Numbers of slices that lie next to each other.
    known
        Numbers of all pictures of the series.

    Returns
    -------
    tuple of int
        In order; empty where numbers do not follow the usual step.
    """
    step = numbering_step(known)
    low, high = sorted((first, second))
    if (high - low) % step:
        return ()
    return tuple(number for number in range(low + step, high, step) if number not in known)


def is_explained_by_even_steps(step_mm: Sequence[float] | AnyArray, index: int) -> bool:
    """Whether a step is as small as the steps beside it, so that nothing can be missing there."""
    beside = [float(step_mm[other]) for other in (index - 1, index + 1) if 0 <= other < len(step_mm)]
    return bool(beside) and float(step_mm[index]) <= EVEN_RATIO * min(beside)
