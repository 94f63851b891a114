# SPDX-License-Identifier: Apache-2.0
"""Timing of the same work by several doers, turn and turn about."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median

from trephine.core.progress import Progress, silent

Work = Callable[[], object]


def medians_s(doers: Mapping[str, Work], *, repeats: int, progress: Progress = silent) -> dict[str, float]:
    """Time each doer ``repeats`` times and return its median.

    Turns alternate, so that a slow spell of a shared machine falls on all alike.

    Parameters
    ----------
    doers
        Name to the work, a call without arguments.
    repeats
        Turns of each, at least one.
    progress
        Told after each turn.

    Returns
    -------
    dict
        Name to the median wall-clock time in seconds.
    """
    times: dict[str, list[float]] = {name: [] for name in doers}
    for turn in range(repeats):
        for place, (name, work) in enumerate(doers.items()):
            progress(turn * len(doers) + place, repeats * len(doers), name)
            start = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - start)
    return {name: median(values) for name, values in times.items()}
