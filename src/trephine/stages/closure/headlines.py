# SPDX-License-Identifier: Apache-2.0
"""Closure's headline figures."""

from __future__ import annotations

from trephine.model.interval import Interval
from trephine.model.seat import SeatResult
from trephine.model.summary import Headline


def headlines(result: SeatResult) -> tuple[Headline, ...]:
    """Return the figures a reader asks for first.

    Parameters
    ----------
    result
        The seat.

    Returns
    -------
    tuple
        Bump, gaps, scalp, slack, air, screws and power.
    """
    seat = result.seat
    under, cover = seat.under, seat.cover
    made = [
        _figure("bump", seat.bump_mm, "mm", "Highest edge of the body above the skull"),
        _figure("gap_to_bone", seat.gap_mm, "mm", "Least gap between body and bone"),
        _figure("gap_to_dura", under.dura_mean_mm, "mm", "Foot to dura, mean; negative: it presses"),
        _figure("dura_contact", under.contact_fraction, "1", "Share of the foot on the dura"),
        _figure("gap_to_brain", under.brain_least_mm, "mm", "Foot to cortex, least"),
        _figure("scalp_cover", cover.after_mm, "mm", "Scalp over the body once closed, least"),
        _plain("scalp_stretch", cover.most_stretch_fraction, "1", "Scalp stretched at the most, share"),
        _figure("air_room", seat.air.hole_ml, "ml", "Room for air under and around the body"),
        _plain("screws", len(seat.screws), "1", "Screws"),
        _plain(
            "screws_sure",
            sum(s.holds == "yes" for s in seat.screws),
            "1",
            "Screws on bone surely thick enough",
        ),
    ]
    made += [
        _plain(f"slack_{place}", case.least_mm, "mm", f"Least thread to spare, {case.name}")
        for place, case in enumerate(seat.slack, start=1)
    ]
    if seat.power is not None:
        first = seat.power.modes[0]
        made += [
            _figure("power", first.total_mw, "mW", f"Power, {first.name}"),
            _figure("battery", first.battery_h, "h", f"Hours a charge lasts, {first.name}"),
        ]
    return tuple(made)


def _figure(name: str, found: Interval, unit: str, label: str) -> Headline:
    return Headline(name=name, value=found.value, unit=unit, low=found.low, high=found.high, label=label)


def _plain(name: str, value: float, unit: str, label: str) -> Headline:
    return Headline(name=name, value=value, unit=unit, label=label)
