# SPDX-License-Identifier: Apache-2.0
"""A drawn section through the seated implant, to scale, with its numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trephine.core.frames import SCANNER
from trephine.model.interval import Interval
from trephine.model.opening import Opening
from trephine.model.seat import Profile, Seat
from trephine.model.thread_plan import ThreadPlan
from trephine.report import palette
from trephine.report.drawing import Anchor, Drawing, Figure, Path
from trephine.report.palette import INK, PAPER, QUIET, Colour
from trephine.report.words import number

_PX_PER_MM = 10.0
_HALF_MM = 26.0
_TOP_MM, _BOTTOM_MM = 21.0, -15.0
_SLAB_MM = 2.0
_SCALP: Colour = (244, 214, 190)
_BONE: Colour = (238, 228, 196)
_FLUID: Colour = (206, 226, 240)
_BRAIN: Colour = (226, 205, 203)
_BODY: Colour = (250, 250, 250)
_DURA: Colour = (0, 92, 67)


def figure(seat: Seat, opening: Opening, plan: ThreadPlan | None) -> Figure:
    """Draw the section along the implant's x and along its y."""
    drawings = tuple(_section(seat, opening, plan, profile) for profile in seat.profiles)
    inner = (
        "The dashed lines along the bone's inner face are what the scans leave open for it"
        if seat.is_bone_measured
        else "Without a CT the inner face is not known: it lies anywhere between the dashed lines, and the "
        "dura with it"
    )
    caption = (
        "Two sections through the seated implant, to scale, at a right angle to each other: skin and "
        "scalp, bone, the body, dura (dark green, its window open), fluid, brain, and in gold the threads "
        f"within {_SLAB_MM:g} mm. The dashed skin is the skin as it is now. {inner}. Look for a body that "
        "clears the dura and stands out no more than its scalp can cover. Drawn from the scans, nothing is "
        "deformed."
    )
    return Figure(key="seat-cut", caption=caption, drawings=drawings, layout="pair")


class _Sheet:
    """Places along the cut and heights, in mm, on a drawing."""

    def __init__(self, alt: str) -> None:
        size = (2 * _HALF_MM * _PX_PER_MM, (_TOP_MM - _BOTTOM_MM) * _PX_PER_MM)
        self.drawing = Drawing(width=size[0], height=size[1], alt=alt)

    def xy(self, along: NDArray[np.float64], height: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where they lie; what lies beyond the sheet is drawn on its edge."""
        z = np.clip(height, _BOTTOM_MM, _TOP_MM)
        return np.column_stack([(along + _HALF_MM) * _PX_PER_MM, (_TOP_MM - z) * _PX_PER_MM])

    def between(
        self, along: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], fill: Colour
    ) -> None:
        """Fill what lies between two heights."""
        high = np.maximum(low, high)
        points = np.concatenate([self.xy(along, high), self.xy(along, low)[::-1]])
        self.drawing.add(Path(points=points, is_closed=True, stroke=None, fill=fill))

    def line(
        self,
        along: NDArray[np.float64],
        height: NDArray[np.float64],
        colour: Colour,
        *,
        width: float = 1.0,
        dash: tuple[float, float] | None = None,
    ) -> None:
        """Draw a height."""
        self.drawing.add(Path(points=self.xy(along, height), stroke=colour, width=width, dash=dash))

    def measure(self, along: float, low: float, high: float, words: str, *, is_left: bool = False) -> None:
        """Draw an upright measure with its words beside it."""
        (x, bottom), (_, top) = self.xy(np.array([along, along]), np.array([low, high]))
        self.drawing.line(x, bottom, x, top, colour=INK, width=1.3)
        for y in (bottom, top):
            self.drawing.line(x - 4, y, x + 4, y, colour=INK, width=1.3)
        anchor: Anchor = "end" if is_left else "start"
        side = -7 if is_left else 7
        self.drawing.words(
            x + side, (bottom + top) / 2 + 4, words, size=11.5, anchor=anchor, colour=INK, halo=PAPER
        )


def _section(seat: Seat, opening: Opening, plan: ThreadPlan | None, profile: Profile) -> Drawing:
    sheet = _Sheet(f"Section through the seated implant along its {profile.axis}")
    values = {name: np.array(getattr(profile, name)) for name in Profile.model_fields if name.endswith("_mm")}
    keep = np.abs(values["along_mm"]) <= _HALF_MM
    cut = {name: heights[keep] for name, heights in values.items()}
    _tissues(sheet, seat, cut)
    _dura(sheet, opening, cut)
    _body(sheet, seat)
    _threads(sheet, opening, plan, profile.axis)
    _numbers(sheet, seat, cut)
    sheet.drawing.words(8, 18, f"implant {profile.axis} \u2192", size=11.5, colour=QUIET)
    bar = 10 * _PX_PER_MM
    right = sheet.drawing.width - 10
    sheet.drawing.scale_bar(right, 24, bar, "10 mm", colour=INK, halo=PAPER)
    return sheet.drawing


def _tissues(sheet: _Sheet, seat: Seat, cut: dict[str, NDArray[np.float64]]) -> None:
    along = cut["along_mm"]
    inner = np.maximum(cut["inner_mm"], cut["cortex_mm"])
    sheet.between(along, cut["closed_mm"], cut["skin_mm"], _SCALP)
    sheet.between(along, cut["cortex_mm"], inner, _FLUID)
    sheet.between(along, np.full(len(along), _BOTTOM_MM), cut["cortex_mm"], _BRAIN)
    for side in (along < -seat.bone_radius_mm, along > seat.bone_radius_mm):
        sheet.between(along[side], inner[side], cut["outer_mm"][side], _BONE)
        sheet.line(along[side], cut["outer_mm"][side], QUIET, width=1.2)
    sheet.line(along, cut["cortex_mm"], palette.VESSEL, width=1.4)
    sheet.line(along, cut["skin_mm"], INK, width=1.2)
    sheet.line(along, cut["scalp_mm"], QUIET, width=1.0, dash=(5, 4))
    for name in ("inner_low_mm", "inner_high_mm"):
        sheet.line(along, cut[name], QUIET, width=1.0, dash=(3, 3))


def _dura(sheet: _Sheet, opening: Opening, cut: dict[str, NDArray[np.float64]]) -> None:
    """Draw the dura on the inner table, with its window where it is opened."""
    along = cut["along_mm"]
    inner = np.maximum(cut["inner_mm"], cut["cortex_mm"])
    window = opening.durectomy_radius_mm if opening.flap is not None else 0.0
    for side in (along <= -window, along >= window):
        sheet.line(along[side], inner[side], _DURA, width=2.2)


def _body(sheet: _Sheet, seat: Seat) -> None:
    half, top = seat.body_radius_mm, seat.body_thickness_mm
    along, height = np.array([-half, half, half, -half]), np.array([0.0, 0.0, top, top])
    sheet.drawing.add(
        Path(
            points=sheet.xy(along, height),
            is_closed=True,
            stroke=INK,
            width=2.0,
            fill=_BODY,
            fill_opacity=0.85,
        )
    )


def _threads(sheet: _Sheet, opening: Opening, plan: ThreadPlan | None, axis: str) -> None:
    across = 1 if axis == "x" else 0
    to_implant = opening.pose.inverse()
    for thread in plan.threads if plan else ():
        points = to_implant(np.array([thread.anchor_mm, thread.entry_mm, thread.tip_mm]), frame=SCANNER)
        if np.abs(points[1:, across]).min() > _SLAB_MM:
            continue
        where = sheet.xy(points[:, 1 - across], points[:, 2])
        sheet.drawing.add(Path(points=where, stroke=INK, width=2.2, opacity=0.5))
        sheet.drawing.add(Path(points=where, stroke=(255, 190, 40), width=1.2))


def _numbers(sheet: _Sheet, seat: Seat, cut: dict[str, NDArray[np.float64]]) -> None:
    """Draw the measures of this section, and the intervals that belong to the whole seat."""
    along, half, top = cut["along_mm"], seat.body_radius_mm, seat.body_thickness_mm

    def height(name: str, at: float) -> float:
        return float(np.interp(at, along, cut[name]))

    for side in (-1, 1):
        at = side * (seat.bone_radius_mm + 1.0)
        outer = height("outer_mm", at)
        sheet.measure(at, outer, top, f"{number(top - outer, 1)} mm", is_left=side < 0)
    skin = height("skin_mm", 0.0) - height("closed_mm", 0.0)
    sheet.measure(0.0, height("closed_mm", 0.0), height("skin_mm", 0.0), f"scalp {number(skin, 1)} mm")
    cortex = height("cortex_mm", half / 2)
    sheet.measure(half / 2, min(cortex, 0.0), 0.0, f"to the cortex {number(-cortex, 1)} mm")
    words = (
        f"bump {_words(seat.bump_mm)}, foot to dura {_words(seat.under.dura_mean_mm)}, to brain at least "
        f"{_words(seat.under.brain_least_mm)}",
        f"scalp at least {_words(seat.cover.after_mm)}, bone edge at least {_words(seat.gap_mm)} away; mm",
    )
    for place, line in enumerate(words):
        y = sheet.drawing.height - 28 + 15 * place
        sheet.drawing.words(8, y, line, size=11, colour=INK, halo=PAPER)


def _words(found: Interval) -> str:
    return f"{number(found.value, 1)} ({number(found.low, 1)} to {number(found.high, 1)})"
