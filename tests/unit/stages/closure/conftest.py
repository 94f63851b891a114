"""The implant seated straight on the spherical head, where everything can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from trephine.core.frames import IMPLANT
from trephine.formats.device_file import read_power
from trephine.model.opening import Opening, ScalpIncision
from trephine.model.thread_plan import Thread, ThreadPlan
from trephine.stages.closure.seat_run import Given

OUTER_MM = 70.5
"""Radius of the outer skull: brain 62, fluid 1.5, bone 7."""
BONE_MM = 12.0
"""Radius of the craniectomy."""
FLAP_MM = 22.0


def _lifted(pose, radius_mm: float, sphere_mm: float, angles) -> tuple:
    flat = radius_mm * np.column_stack([np.cos(angles), np.sin(angles)])
    foot = np.linalg.norm(pose.matrix[:3, 3])
    height = np.sqrt(sphere_mm**2 - radius_mm**2) - foot
    points = pose(np.column_stack([flat, np.full(len(flat), height)]), frame=IMPLANT)
    return tuple(tuple(row) for row in points.tolist())


@pytest.fixture(scope="session")
def straight(opened: Opening) -> Opening:
    """The opening with its axis through the middle of the head, and the foot 5.5 mm below the skull."""
    axis = np.array(opened.scanner_from_implant)[:3, 3]
    axis = axis / np.linalg.norm(axis)
    x = np.cross([0.0, 1.0, 0.0], axis)
    x /= np.linalg.norm(x)
    matrix = np.eye(4)
    matrix[:3, :3] = np.column_stack([x, np.cross(axis, x), axis])
    matrix[:3, 3] = (OUTER_MM - 5.5) * axis
    posed = opened.model_copy(update={"scanner_from_implant": tuple(map(tuple, matrix.tolist()))})
    round_ = np.arange(72) * np.pi / 36
    arc = np.linspace(np.pi / 2, 2 * np.pi, 61)
    incision = ScalpIncision(
        line_mm=_lifted(posed.pose, FLAP_MM, OUTER_MM + 5, arc),
        length_mm=100.0,
        gap_mm=FLAP_MM - BONE_MM,
        base_turn_rad=0.0,
    )
    return posed.model_copy(
        update={"craniectomy_mm": _lifted(posed.pose, BONE_MM, OUTER_MM, round_), "incision": incision}
    )


def one_thread(opening: Opening, *, far_mm: float = 4.0) -> ThreadPlan:
    """Anchor 8 mm aside and 1 mm up; entry ``far_mm`` beyond the axis and 3 mm down; tip 4 mm below."""
    flat = np.array([[8.0, 0.0, 1.0], [-far_mm, 0.0, -3.0], [-far_mm, 0.0, -7.0]])
    anchor, entry, tip = map(tuple, opening.pose(flat, frame=IMPLANT).tolist())
    thread = Thread(
        number=7,
        anchor=0,
        order=1,
        anchor_mm=anchor,
        entry_mm=entry,
        tip_mm=tip,
        electrodes_mm=(tip,),
        clearance_um=None,
        margin_um=0.0,
        value=0.5,
        hit_probability=None,
        length_needed_mm=16.0,
    )
    return ThreadPlan(
        device="N1",
        vessels_from="nothing",
        threads_asked=1,
        threads=(thread,),
        objective=0.5,
        bound=0.5,
        gap_fraction=0.0,
        solver_status="optimal",
        candidate_count=1,
        candidate_spacing_um=60.0,
        spacing_um=300.0,
        smallest_spacing_um=None,
        smallest_clearance_um=None,
        crossings=0,
        under_laid=0,
    )


@pytest.fixture(scope="session")
def given(head, straight, n1) -> Given:
    return Given(
        opening=straight,
        plan=one_thread(straight),
        anatomy=head.anatomy,
        angiogram=None,
        device=n1,
        power=read_power("n1_public_estimate"),
    )


@pytest.fixture(scope="session")
def thread_of():
    """Make a plan of one thread."""
    return one_thread
