# SPDX-License-Identifier: Apache-2.0
"""What is left of the threads' lengths once the implant sits and the brain moves."""

from __future__ import annotations

import numpy as np

from trephine.core.errors import InputError
from trephine.core.frames import SCANNER
from trephine.model.device import Device
from trephine.model.opening import Opening
from trephine.model.seat import SlackCase
from trephine.model.thread_plan import ThreadPlan
from trephine.stages.closure.seat_settings import Settings


def slack(plan: ThreadPlan, opening: Opening, device: Device, settings: Settings) -> tuple[SlackCase, ...]:
    """Measure what is left of every thread in four cases.

    Raises
    ------
    InputError
        If the plan is for another device.

    Notes
    -----
    Length left is the thread's own less its depth in the brain and the straight way from anchor to entry.
    When the brain sinks the entry goes with it along the axis, and the thread with its tip. Motion besides
    takes at most its own length from a thread, whichever way it points.
    """
    if plan.device != device.name:
        raise InputError.because(
            where="plan, device",
            found=plan.device,
            expected=device.name,
            remedy="Place the threads again for this device.",
        )
    if not plan.threads:
        return ()
    to_implant = opening.pose.inverse()
    anchor, entry, tip = (
        to_implant(np.array([getattr(thread, kind) for thread in plan.threads]), frame=SCANNER)
        for kind in ("anchor_mm", "entry_mm", "tip_mm")
    )
    to_spare = device.threads.length_mm.value - np.linalg.norm(tip - entry, axis=1)
    numbers = np.array([thread.number for thread in plan.threads])
    made = []
    for name, sunk_mm, moved_mm, source in _cases(settings):
        way = np.linalg.norm(entry - [0.0, 0.0, sunk_mm] - anchor, axis=1) + moved_mm
        left = to_spare - way
        made.append(
            SlackCase(
                name=name,
                sunk_mm=sunk_mm,
                moved_mm=moved_mm,
                source=source,
                least_mm=float(left.min()),
                mean_mm=float(left.mean()),
                short_threads=tuple(int(number) for number in np.sort(numbers[left < 0])),
            )
        )
    return tuple(made)


def _cases(settings: Settings) -> tuple[tuple[str, float, float, str], ...]:
    """Name, way sunk, motion besides and source of every case."""
    motion = settings.motion_mm
    return (
        ("as planned", 0.0, 0.0, "plan"),
        ("brain pulsating", 0.0, motion, "faria2014"),
        ("brain sunk as was expected, pulsating", settings.sunk_expected_mm, motion, "popsci"),
        ("brain sunk as was seen, pulsating", settings.sunk_worst_mm, motion, "popsci"),
    )
