"""Spare sites: apart from all others, and each thread named can really go there at its turn."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist, pdist

from trephine.core.frames import SCANNER

BERTH_MM = 0.1


def plane(placed, places):
    return placed.value.obstacles.scanner_from_implant.inverse()(np.array(places), frame=SCANNER)[:, :2]


def points_on(start, end):
    return start + np.linspace(0, 1, 4001)[:, None] * (end - start)


def side(a, b, c):
    return np.sign((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


def crosses(a, b, c, d):
    return side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0


def may_go(number, spare, anchor, entry):
    """Judge the plain way, thread by thread; threads are numbered by their turn."""
    me = number - 1
    for other in range(len(entry)):
        if other == me:
            continue
        if crosses(anchor[me], spare, anchor[other], entry[other]):
            return False
        line = (anchor[other], entry[other]) if other < me else (anchor[me], spare)
        point = spare if other < me else entry[other]
        if np.linalg.norm(points_on(*line) - point, axis=1).min() < BERTH_MM - 1e-4:
            return False
    return True


def test_spares_keep_apart_and_every_thread_named_can_go_there(placed):
    plan = placed.value.plan
    assert len(plan.spares) == 8
    threads = sorted(plan.threads, key=lambda one: one.order)
    assert [one.number for one in threads] == [one.order for one in threads]
    entry, anchor = (
        plane(placed, [getattr(one, end) for one in threads]) for end in ("entry_mm", "anchor_mm")
    )
    spare = plane(placed, [one.entry_mm for one in plan.spares])
    assert cdist(spare, entry).min() >= 0.3 - 1e-9
    assert pdist(spare).min() >= 0.3 - 1e-9
    values = [one.value for one in plan.spares]
    assert values == sorted(values, reverse=True)
    for one, place in zip(plan.spares, spare, strict=True):
        assert one.for_threads
        # Near the edge of the berth the plain way may differ in the last micrometre.
        assert all(may_go(number, place, anchor, entry) for number in one.for_threads)
    named = {(index, number) for index, one in enumerate(plan.spares) for number in one.for_threads}
    barred = [
        (index, number) for index in range(8) for number in range(1, 65) if (index, number) not in named
    ]
    assert barred
    assert not any(may_go(number, spare[index], anchor, entry) for index, number in barred[:40])
