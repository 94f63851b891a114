# SPDX-License-Identifier: Apache-2.0
"""The few poses worth laying before a surgeon, what each gains and pays, and which one is recommended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.stages.opening.pose_search import Poses
from trephine.stages.opening.settings import Settings

_STEPS = {
    "yield": 0.01,
    "offset": 0.5,
    "fit": 0.05,
    "bone": 0.2,
    "clearance": 0.5,
    "tilt": 0.035,
}
"""Differences below these are no difference: share of the best yield, mm, mm, mm, mm, rad (2 degrees)."""
_BEST_AT = {
    "yield": "most expected yield",
    "fit": "flattest skull",
    "bone": "thickest bone",
    "clearance": "farthest from sinus and veins",
    "tilt": "straightest on the cortex",
    "offset": "most centred on the hand",
}
_SPOKEN = (
    ("target_offset_mm", 1.0, -1, "{:.1f} mm {} distance from the hand's centre"),
    ("bone_mm", 1.0, 1, "{:.1f} mm {} bone under the implant"),
    ("sinus_mm", 1.0, 1, "{:.0f} mm {} distance to the sinus"),
    ("midline_mm", 1.0, 1, "{:.0f} mm {} distance to the midline"),
    ("vein_mm", 1.0, 1, "{:.0f} mm {} distance to a large vessel"),
    ("fit_rms_mm", 1.0, -1, "{:.1f} mm {} gap between skull and flat foot"),
    ("tilt_rad", float(np.degrees(1.0)), -1, "{:.0f} degrees {} tilt on the cortex"),
)
"""Measure, scale, 1 where more of it is better, words. What rounds to nothing is not said."""
_FRONT_BLOCK = 256
_SAME_MM, _SAME_COSINE = 1.0, 0.9995


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """The set, best first.

    Parameters
    ----------
    index
        Rows of the poses: the recommended one first.
    names
        What each is best at.
    feasible
        How many poses keep clear of sinus and midline; 0 when none does, and the least bad is taken.
    costs
        Cost of every pose in every measure, in steps of what matters, smaller is better,
        shape (pose, measure).
    """

    index: tuple[int, ...]
    names: tuple[str, ...]
    feasible: int
    costs: AnyArray


def clearance_short_mm(found: Poses, settings: Settings) -> AnyArray:
    """Return by how much each pose falls short of a comfortable distance to sinus, midline and veins."""
    return np.max(
        [
            settings.sinus_warn_mm - found.sinus_mm,
            settings.midline_warn_mm - found.midline_mm,
            settings.vein_warn_mm - found.vein_mm,
            np.zeros(len(found.midline_mm)),
        ],
        axis=0,
    )


def chosen(found: Poses, need_mm: float, settings: Settings) -> Chosen:
    """Choose the set.

    Parameters
    ----------
    found
        Every pose.
    need_mm
        Bone that the implant needs.
    settings
        Hard limits, prices and how many to choose.

    Notes
    -----
    Poses that break a hard limit (sinus, midline) are out, unless there is no other; so are those of little
    yield. Of the rest those remain that no other beats in every measure (Pareto). The recommended one costs
    least, each measure weighed by its price in yield. The others are the best at one thing each, and then
    those most unlike the ones already taken.
    """
    spare = np.minimum(found.sinus_mm - settings.sinus_block_mm, found.midline_mm - settings.midline_block_mm)
    keeps = spare >= 0
    pool = np.flatnonzero(keeps) if keeps.any() else np.flatnonzero(spare == spare.max())
    mean = found.value[pool].mean(axis=1)
    pool = pool[mean >= settings.least_yield_fraction * mean.max()]
    costs = _costs(found, need_mm, settings)
    front = pool[_front(costs[pool])]
    price = (costs[front] * _prices(settings)).sum(axis=1)
    taken, names = [int(front[np.argmin(price)])], ["best balance"]
    for column, measure in enumerate(_STEPS):
        best = front[np.lexsort((price, costs[front, column]))][0]
        if costs[taken[0], column] - costs[best, column] >= 1:
            _take(found, int(best), _BEST_AT[measure], taken, names, settings)
    unlike = costs[front] / np.maximum(np.ptp(costs[front], axis=0), 1.0)
    while len(taken) < min(settings.choice_count, len(front)):
        gap = np.min([np.abs(unlike - unlike[front == one]).max(axis=1) for one in taken], axis=0)
        if not _take(found, int(front[np.argmax(gap)]), "another balance", taken, names, settings):
            break
    return Chosen(index=tuple(taken), names=tuple(names), feasible=int(keeps.sum()), costs=costs)


def _take(
    found: Poses, index: int, name: str, taken: list[int], names: list[str], settings: Settings
) -> bool:
    """Add a pose unless it is hardly another one; two names for one pose are joined."""
    for place, other in enumerate(taken):
        apart = float(np.linalg.norm(found.centre_mm[index] - found.centre_mm[other]))
        if apart < _SAME_MM and found.axis[index] @ found.axis[other] > _SAME_COSINE:
            if place and name not in names[place] and name in _BEST_AT.values():
                names[place] += f", {name}"
            return False
    if len(taken) < settings.choice_count:
        taken.append(index)
        names.append(name)
    return True


def _costs(found: Poses, need_mm: float, settings: Settings) -> AnyArray:
    """Return every measure in whole steps, smaller is better, shape (pose, measure)."""
    mean = found.value.mean(axis=1)
    measures = {
        "yield": 1 - mean / max(float(mean.max()), 1e-9),
        "offset": found.target_offset_mm,
        "fit": found.fit_rms_mm,
        "bone": np.maximum(need_mm - found.bone_mm, 0.0),
        "clearance": clearance_short_mm(found, settings),
        "tilt": found.tilt_rad,
    }
    return np.column_stack([np.floor(measures[name] / step + 0.5) for name, step in _STEPS.items()])


def _prices(settings: Settings) -> AnyArray:
    """Return what one step of every measure is worth, as a share of the best yield."""
    weight = {
        "yield": 1.0,
        "offset": settings.weight_offset,
        "fit": settings.weight_fit,
        "bone": settings.weight_bone,
        "clearance": settings.weight_clearance,
        "tilt": settings.weight_tilt,
    }
    return np.array([weight[name] * step for name, step in _STEPS.items()])


def _front(costs: AnyArray) -> AnyArray:
    """Return the rows that no other row beats, the first of equals, shape (row,)."""
    unique, first = np.unique(costs, axis=0, return_index=True)
    stays = np.ones(len(unique), dtype=bool)
    for start in range(0, len(unique), _FRONT_BLOCK):
        part = unique[start : start + _FRONT_BLOCK]
        no_worse = (unique[:, None] <= part[None]).all(axis=-1)
        better = (unique[:, None] < part[None]).any(axis=-1)
        stays[start : start + _FRONT_BLOCK] = ~(no_worse & better).any(axis=0)
    return np.sort(first[stays])


def trade(found: Poses, index: int, other: int, *, is_bone_measured: bool = True) -> str:
    """Say in plain words what one pose gains and pays against another.

    Parameters
    ----------
    found
        Every pose.
    index, other
        The pose to speak of, and the recommended one.
    is_bone_measured
        Otherwise nothing is said of bone.
    """
    base = max(float(found.value[other].mean()), 1e-9)
    changes = [(100 * (float(found.value[index].mean()) / base - 1), 1, "{:.0f} % {} expected yield")]
    changes += [
        (_change(getattr(found, name), index, other) * scale, sign, words)
        for name, scale, sign, words in _SPOKEN
        if is_bone_measured or name != "bone_mm"
    ]
    gains: list[str] = []
    pays: list[str] = []
    for change, sign, words in changes:
        said = words.format(abs(change), "more" if change > 0 else "less")
        if float(said.split(" ")[0]) > 0:
            (gains if change * sign > 0 else pays).append(said)
    told = [f"{verb}: {', '.join(each)}." for verb, each in (("Gains", gains), ("Pays", pays)) if each]
    return " ".join(told) or "Differs by less than can be told."


def _change(values: AnyArray, index: int, other: int) -> float:
    """Return how much larger one value is; 0 where there is nothing to hold it against."""
    if not (np.isfinite(values[index]) and np.isfinite(values[other])):
        return 0.0
    return float(values[index] - values[other])
