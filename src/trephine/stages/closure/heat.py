# SPDX-License-Identifier: Apache-2.0
"""Solve for the steady heat of a seated implant, with draws of tissue and skin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.errors import InputError
from trephine.kernels.heat.gradients import solved
from trephine.kernels.heat.hierarchy import hierarchy
from trephine.kernels.heat.medium import INSULATED, Films, Stuff, medium, network, with_body
from trephine.kernels.heat.skin import cooled
from trephine.kernels.heat.steady import SteadyRise, balanced, spread_mw
from trephine.model.tissue_heat import Material, Measured, TissueTable
from trephine.stages.closure.seated import HOLE, NAMES, Seat
from trephine.stages.closure.settings import Settings

AIR = Stuff(conductivity_mw_per_mm_k=0.026, drain_mw_per_mm3_k=0.0, capacity_mj_per_mm3_k=1.2e-3)
"""At rest, as in every table of physics; only holes of the labels are filled with it."""
BRAIN_FAR = "white"
"""What the cut sides of the block are taken to go on as."""
W_PER_M2 = 1e-3
"""mW/mm2 in a watt a square metre."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Draw:
    """One draw of the properties.

    Parameters
    ----------
    conductivity_mw_per_mm_k, drain_mw_per_mm3_k
        By tissue.
    film_mw_per_mm2_k
        Of the skin.
    """

    conductivity_mw_per_mm_k: Mapping[str, float]
    drain_mw_per_mm3_k: Mapping[str, float]
    film_mw_per_mm2_k: float


def means(table: TissueTable, settings: Settings) -> Draw:
    """Return every property at its mean."""
    return Draw(
        conductivity_mw_per_mm_k={name: entry.conductivity.mean for name, entry in table.tissues.items()},
        drain_mw_per_mm3_k={name: table.drain_mw_per_mm3_k(name) for name in table.tissues},
        film_mw_per_mm2_k=settings.skin_film_w_per_m2_k * W_PER_M2,
    )


def drawn(table: TissueTable, settings: Settings, rng: np.random.Generator) -> Draw:
    """Draw every property: log-normal about its mean, so that none is below zero."""

    def one(measured: Measured) -> float:
        if measured.mean == 0:
            return 0.0
        share = settings.unknown_spread_fraction if measured.sd is None else measured.sd / measured.mean
        width = np.sqrt(np.log1p(share**2))
        return float(measured.mean * np.exp(rng.normal(-(width**2) / 2, width)))

    conductivity = {name: one(entry.conductivity) for name, entry in table.tissues.items()}
    drain = {
        name: table.drain_mw_per_mm3_k(name, perfusion=one(entry.perfusion))
        for name, entry in table.tissues.items()
    }
    film = max(rng.normal(settings.skin_film_w_per_m2_k, settings.skin_film_sd_w_per_m2_k), 0.0)
    return Draw(
        conductivity_mw_per_mm_k=conductivity, drain_mw_per_mm3_k=drain, film_mw_per_mm2_k=film * W_PER_M2
    )


def warmed(seat: Seat, table: TissueTable, settings: Settings, draw: Draw) -> SteadyRise:
    """Return the steady rise for one milliwatt.

    Parameters
    ----------
    seat
        The cells.
    table
        For densities, heat capacities and the implant's materials.
    settings
        Wall and housing.
    draw
        Conductivities, blood and skin.

    Returns
    -------
    SteadyRise
        Heat in equals heat out to a millionth, or it is not returned.
    """
    wall, core = (_stuff(table, name) for name in (settings.housing, "electronics"))
    values = [np.zeros(seat.grid.shape) for _ in range(3)]
    for tissue, name in NAMES.items():
        _fill(values, seat.labels == tissue, _tissue(table, draw, name))
    _fill(values, (seat.labels == HOLE) | seat.outside, AIR)
    filled = medium(seat.grid, conductivity=values[0], drain=values[1], capacity=values[2])
    filled, _ = with_body(filled, seat.body, wall)
    inset = settings.wall_mm
    filled, share = with_body(filled, lambda points: seat.body(points, inset_mm=inset), core)
    far = _tissue(table, draw, BRAIN_FAR)
    film = np.sqrt(far.conductivity_mw_per_mm_k * far.drain_mw_per_mm3_k)
    films: Films = ((film, film), (film, film), (film, INSULATED))
    passed = cooled(network(filled, films), filled, seat.outside, draw.film_mw_per_mm2_k)
    source = spread_mw(share, filled, 1.0)
    return balanced(filled, passed, source, solved(passed, hierarchy(passed), source))


def largest(seat: Seat, rise: AnyArray) -> dict[str, tuple[float, tuple[int, ...]]]:
    """Return each tissue's largest rise and its cell, outside the implant."""
    x, y, z = np.meshgrid(*seat.grid.centres_mm, indexing="ij")
    free = ~seat.body(np.stack([x, y, z], axis=-1).reshape(-1, 3)).reshape(seat.grid.shape)
    found = {}
    for tissue, name in NAMES.items():
        here = np.where((seat.labels == tissue) & free, rise, -np.inf)
        at = np.unravel_index(int(np.argmax(here)), here.shape)
        if np.isfinite(here[at]):
            found[name] = (float(here[at]), tuple(int(n) for n in at))
    return found


def _fill(values: list[AnyArray], where: AnyArray, stuff: Stuff) -> None:
    """Write one stuff's values into some cells."""
    told = (stuff.conductivity_mw_per_mm_k, stuff.drain_mw_per_mm3_k, stuff.capacity_mj_per_mm3_k)
    for array, value in zip(values, told, strict=True):
        array[where] = value


def _tissue(table: TissueTable, draw: Draw, name: str) -> Stuff:
    return Stuff(
        conductivity_mw_per_mm_k=draw.conductivity_mw_per_mm_k[name],
        drain_mw_per_mm3_k=draw.drain_mw_per_mm3_k[name],
        capacity_mj_per_mm3_k=_capacity(table.tissues[name]),
    )


def _stuff(table: TissueTable, name: str) -> Stuff:
    """Look a material up; it holds no blood."""
    if name not in table.materials:
        raise InputError.because(
            where="closure.housing",
            found=repr(name),
            expected=f"one of {', '.join(sorted(table.materials))}",
            remedy="Choose a material of the table, or add it there with its source.",
        )
    entry = table.materials[name]
    return Stuff(
        conductivity_mw_per_mm_k=entry.conductivity.mean, drain_mw_per_mm3_k=0.0,
        capacity_mj_per_mm3_k=_capacity(entry),
    )  # fmt: skip


def _capacity(entry: Material) -> float:
    return entry.density.mean * entry.heat_capacity.mean * 1e-6
