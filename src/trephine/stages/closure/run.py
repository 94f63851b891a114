# SPDX-License-Identifier: Apache-2.0
"""The heat of the seated implant, told by tissue, with the power that is allowed."""

from __future__ import annotations

from typing import Literal

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.errors import InputError
from trephine.core.findings import Outcome
from trephine.core.frames import IMPLANT
from trephine.core.progress import Progress, silent
from trephine.core.random import generator
from trephine.model.anatomy import Anatomy
from trephine.model.device import Device
from trephine.model.opening import Opening
from trephine.model.tissue_heat import AllowedPower, HottestPlace, ImplantHeat, TissueTable
from trephine.stages.closure.checks import checks
from trephine.stages.closure.heat import drawn, largest, means, warmed
from trephine.stages.closure.seated import Seat, seated
from trephine.stages.closure.settings import Settings

Among = Literal["every tissue", "brain"]
AMONG: tuple[Among, ...] = ("every tissue", "brain")
BRAIN = ("grey", "white")
Warmest = tuple[float, tuple[int, ...]]
"""A largest rise, and its cell."""
ASSUMPTIONS = (
    "Steady state: the power is on for ever; perfusion and conductivity do not depend on temperature.",
    "Power is given off evenly in the implant, which is a wall about one mixed filling.",
    "Fluid fills the hole under the implant; the scalp keeps its thickness over the bump.",
    "Labels know neither dura nor the bone's cancellous layer nor large vessels.",
    "No charger lies on the scalp.",
)


def run(
    opening: Opening, anatomy: Anatomy, device: Device, table: TissueTable, *, settings: Settings,
    power_mw: float | None = None, limit_rise_k: float, progress: Progress = silent,
) -> Outcome[ImplantHeat]:  # fmt: skip
    """Compute the heat of a seated implant.

    Parameters
    ----------
    opening, anatomy, device
        The seat, the head, the implant.
    table
        What tissues and materials do with heat.
    settings
        Cells, wall, skin, draws.
    power_mw
        A power to judge; none when not given.
    limit_rise_k
        Largest rise of tissue that is allowed.
    progress
        Told after each solve.

    Returns
    -------
    Outcome
        Rises per milliwatt, allowed powers and where the heat goes, with findings.

    Raises
    ------
    InputError
        If the power is negative, the implant is not in bone, or a material is unknown.
    """
    if power_mw is not None and not (np.isfinite(power_mw) and power_mw >= 0):
        raise InputError.because(
            where="power",
            found=f"{power_mw} mW",
            expected="zero or more",
            remedy="Give the power in milliwatts.",
        )
    total = 2 + (settings.draws + 1 if settings.draws else 0)
    progress(0, total, "cells as wished")
    seat = seated(anatomy, opening, device, settings, settings.fine_mm)
    nominal = means(table, settings)
    told = warmed(seat, table, settings, nominal)
    best = largest(seat, told.rise)
    progress(1, total, "cells twice as wide")
    wide = seated(anatomy, opening, device, settings, 2 * settings.fine_mm)
    rough = largest(wide, warmed(wide, table, settings, nominal).rise)
    factors = _factors(
        seated(anatomy, opening, device, settings, settings.draw_mm), table, settings, progress
    )
    top = max(rise for rise, _ in best.values())
    heat = ImplantHeat(
        device=device.name, housing=settings.housing, hottest=_hottest(seat, opening, best),
        power_mw=power_mw,
        allowed=tuple(
            _allowed(rise, best, factors, among) for among in AMONG for rise in settings.rises_k
        ),
        blood_fraction=told.to_blood_mw / told.power_mw,
        surface_fraction=told.through_faces_mw / told.power_mw,
        imbalance_fraction=told.imbalance_fraction,
        grid_change_fraction=max(rise for rise, _ in rough.values()) / top - 1,
        fine_mm=settings.fine_mm, cells=told.rise.size, draws=settings.draws, assumptions=ASSUMPTIONS,
    )  # fmt: skip
    return Outcome(value=heat, findings=checks(heat, seat.hole_ml, limit_rise_k))


def _factors(seat: Seat, table: TissueTable, settings: Settings, progress: Progress) -> AnyArray:
    """Return each tissue's largest rise in every draw over that at the means, shape (draw, tissue)."""
    if settings.draws == 0:
        return np.ones((0, 0))
    rng = generator(settings.seed, "closure.heat")
    base = largest(seat, warmed(seat, table, settings, means(table, settings)).rise)
    rows = []
    for n in range(settings.draws):
        progress(3 + n, 3 + settings.draws, "draws of tissue and skin")
        found = largest(seat, warmed(seat, table, settings, drawn(table, settings, rng)).rise)
        rows.append([found[name][0] / base[name][0] for name in sorted(base)])
    return np.array(rows)


def _allowed(rise_k: float, best: dict[str, Warmest], factors: AnyArray, among: Among) -> AllowedPower:
    """Return the power at which the first tissue reaches a rise, and its spread over the draws."""
    names = sorted(best)
    counts = np.array([among == "every tissue" or name in BRAIN for name in names])
    each = np.array([best[name][0] for name in names])
    low = high = None
    if len(factors):
        powers = (rise_k / (each * factors)[:, counts]).min(axis=1)
        low, high = (float(value) for value in np.percentile(powers, (5, 95)))
    first = int(np.argmax(np.where(counts, each, 0)))
    return AllowedPower(
        among=among,
        rise_k=rise_k,
        tissue=names[first],
        power_mw=rise_k / float(each[first]),
        low_mw=low,
        high_mw=high,
    )


def _hottest(seat: Seat, opening: Opening, best: dict[str, Warmest]) -> tuple[HottestPlace, ...]:
    """Place each tissue's largest rise in ``scanner``, the warmest first."""
    centres, places = seat.grid.centres_mm, []
    for name, (rise, at) in sorted(best.items(), key=lambda item: -item[1][0]):
        own = np.array([[centres[axis][at[axis]] for axis in range(3)]])
        x, y, z = (round(float(value), 2) for value in opening.pose(own, frame=IMPLANT)[0])
        places.append(HottestPlace(tissue=name, rise_k_per_mw=rise, place_mm=(x, y, z)))
    return tuple(places)
