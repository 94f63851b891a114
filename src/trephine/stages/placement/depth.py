# SPDX-License-Identifier: Apache-2.0
"""How deep each thread goes: which of its electrodes end in grey matter and in layer V."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree
from scipy.special import ndtr

from trephine.core.arrays import AnyArray, Points
from trephine.core.frames import IMPLANT, Affine
from trephine.kernels.geometry.voxels import sampled
from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy, Tissue
from trephine.model.device import Device
from trephine.model.thread_plan import ElectrodeYield
from trephine.stages.placement.settings import DepthSettings

_PIA_MM = 0.6
_STEP_MM = 0.1
_REACH_MM = 2.0
"""Thickness is read from a corner of the pial surface no farther than this."""
_WIDEST_Z = 1.96


@dataclass(frozen=True, kw_only=True, eq=False)
class Depths:
    """What a thread is worth at its best depth, at every site.

    Parameters
    ----------
    depth_mm
        Of the tip below the pia along the thread, shape (site,).
    value
        Mean over the electrodes of hand weight times share of grey matter, shape (site,).
    grey_count
        Electrodes in grey matter as the tissue labels have it, shape (site,).
    brain_share
        Share of the path, from just below the pia to the tip, that lies in brain, shape (site,).
    """

    depth_mm: AnyArray
    value: AnyArray
    grey_count: AnyArray
    brain_share: AnyArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Thickness:
    """Local thickness of grey matter with its standard deviation, NaN where not known, shape (site,)."""

    mean_mm: AnyArray
    sd_mm: AnyArray


def depth_choices_mm(device: Device, settings: DepthSettings) -> AnyArray:
    """Return the depths of the tip to choose from, shape (choice,).

    Parameters
    ----------
    device
        States the depth that is aimed at, with its range.
    settings
        Step, whether to choose at all, and the least depth of the uppermost electrode.

    Returns
    -------
    numpy.ndarray
        Depths within the device's range that bring every electrode below the pia; its own depth alone when
        it states no range, none of that range does, or nothing is to be chosen.
    """
    stated = device.threads.insertion_depth_mm
    if not settings.is_chosen or stated.low is None or stated.high is None:
        return np.array([stated.value])
    steps = np.arange(round((stated.high - stated.low) / settings.step_mm) + 1)
    choices = np.minimum(stated.low + steps * settings.step_mm, stated.high)
    enough = choices[choices - device.electrode_offsets_mm().max() >= settings.shallowest_mm - 1e-9]
    return enough if len(enough) else np.array([stated.value])


def thickness_at(places_mm: Points, anatomy: Anatomy) -> Thickness:
    """Read the thickness of grey matter at places on the pia in ``scanner``, where it is to be relied on."""
    known = [
        (each.pial.points_mm[keep], each.thickness_mm[keep], each.thickness_sd_mm[keep])
        for each in anatomy.hemispheres
        for keep in [each.is_cortex & each.is_sure & (each.thickness_mm > 0)]
        if keep.any()
    ]
    mean, sd = np.full(len(places_mm), np.nan), np.full(len(places_mm), np.nan)
    if known and len(places_mm):
        corners, thickness, spread = (np.concatenate(each) for each in zip(*known, strict=True))
        distance, index = cKDTree(corners).query(places_mm, distance_upper_bound=_REACH_MM)
        near = np.isfinite(distance)
        mean[near], sd[near] = thickness[index[near]], spread[index[near]]
    return Thickness(mean_mm=mean, sd_mm=sd)


def layer_shares(
    depth_mm: AnyArray, thickness: Thickness, settings: DepthSettings
) -> tuple[AnyArray, AnyArray]:
    """Return the chances that electrodes lie in grey matter and in layer V.

    Parameters
    ----------
    depth_mm
        Of every electrode below the pia, shape (site, electrode).
    thickness
        Of the sites.
    settings
        Where layer V begins and ends, as shares of the thickness.

    Returns
    -------
    tuple
        Chances in grey and in layer V, each of the shape of ``depth_mm``; NaN where the thickness is not
        known, 0 above the pia.
    """
    mean, sd = thickness.mean_mm[:, None], np.maximum(thickness.sd_mm[:, None], 1e-6)
    inside = depth_mm > 0
    grey = ndtr((mean - depth_mm) / sd)
    fifth = ndtr((depth_mm / settings.layer5_from_fraction - mean) / sd) - ndtr(
        (depth_mm / settings.layer5_to_fraction - mean) / sd
    )
    return np.where(inside, grey, 0 * grey), np.where(inside, np.clip(fifth, 0, 1), 0 * fifth)


def best_depths(
    surface: tuple[Points, Points, Affine],
    seen: tuple[Anatomy, HandMap],
    thickness: Thickness,
    device: Device,
    settings: DepthSettings,
) -> Depths:
    """Choose every site's depth for the most electrodes in weighty grey matter, those in layer V twice.

    Parameters
    ----------
    surface
        Entries and inward directions in ``implant``, shape (site, 3) each, and ``scanner_from_implant``.
    seen
        Anatomy and hand map.
    thickness
        Of the sites; where it is not known, layer V plays no part.
    device
        Electrodes and depths.
    settings
        Depths to choose from, and where layer V lies.

    Returns
    -------
    Depths
        The shallowest of equally good ones.
    """
    choices, offsets = depth_choices_mm(device, settings), device.electrode_offsets_mm()
    at = np.arange(0.0, choices.max() + _STEP_MM, _STEP_MM)
    weight, grey, brain = _profiles(surface, seen, at)
    best = np.full(len(weight), -np.inf)
    names = ("depth_mm", "value", "grey_count", "brain_share")
    kept = {name: np.zeros(len(weight)) for name in names}
    for depth in choices:
        read = _between(at, depth - offsets)
        worth, count = weight @ read, grey @ read
        each = np.broadcast_to(depth - offsets, worth.shape)
        _, fifth = layer_shares(each, thickness, settings)
        local = np.clip(worth / np.maximum(count, 1e-9), 0, 1)
        score = (worth + np.nan_to_num(fifth * local)).mean(axis=1)
        path = (at > _PIA_MM) & (at <= depth + 1e-9)
        better = score > best + 1e-12
        best = np.where(better, score, best)
        found = (
            np.full(len(best), depth),
            worth.mean(axis=1),
            count.sum(axis=1),
            brain[:, path].mean(axis=1),
        )
        for name, values in zip(names, found, strict=True):
            kept[name] = np.where(better, values, kept[name])
    return Depths(**kept)


def _profiles(
    surface: tuple[Points, Points, Affine], seen: tuple[Anatomy, HandMap], at_mm: AnyArray
) -> tuple[AnyArray, AnyArray, AnyArray]:
    """Sample weight times grey, grey, and brain along every path, shape (site, depth) each."""
    entry, inward, pose = surface
    anatomy, hand = seen
    tissue, weight = anatomy.tissue, hand.weight
    is_grey = (tissue.values == Tissue.GREY).astype(np.float32)
    is_white = (tissue.values == Tissue.WHITE).astype(np.float32)
    grey, brain, worth = (np.zeros((len(entry), len(at_mm))) for _ in range(3))
    for column, depth in enumerate(at_mm):
        place = pose(entry + depth * inward, frame=IMPLANT)
        grey[:, column] = sampled(is_grey, tissue.grid.affine_mm, place)
        brain[:, column] = grey[:, column] + sampled(is_white, tissue.grid.affine_mm, place)
        worth[:, column] = grey[:, column] * np.clip(
            sampled(weight.values, weight.grid.affine_mm, place), 0, 1
        )
    return worth, grey, brain


def _between(at_mm: AnyArray, depth_mm: AnyArray) -> AnyArray:
    """Return the shares that read a profile between its depths, shape (depth, electrode)."""
    place = depth_mm / _STEP_MM
    low = np.clip(np.floor(place).astype(int), 0, len(at_mm) - 2)
    share = np.clip(place - low, 0, 1)
    read = np.zeros((len(at_mm), len(depth_mm)))
    columns = np.arange(len(depth_mm))
    read[low, columns], read[low + 1, columns] = 1 - share, share
    return read * (depth_mm > 0)


def electrode_yield(
    tip_mm: AnyArray, thickness: Thickness, grey_count: AnyArray, device: Device, settings: DepthSettings
) -> ElectrodeYield:
    """Count the electrodes of an array that are expected in grey matter and in layer V.

    Parameters
    ----------
    tip_mm
        Depth of every tip, shape (thread,).
    thickness
        At every thread.
    grey_count
        Electrodes in grey by the tissue labels, for where the thickness is not known, shape (thread,).
    device, settings
        Electrodes, and where layer V lies.

    Returns
    -------
    ElectrodeYield
        With intervals in which all thicknesses are wrong together, the same way.
    """
    offsets = device.electrode_offsets_mm()
    depth = np.asarray(tip_mm)[:, None] - offsets[None]
    known = np.isfinite(thickness.mean_mm)
    total = depth.size
    if not known.any():
        return ElectrodeYield(electrodes=total, grey=float(np.sum(grey_count)))
    grey, fifth = layer_shares(depth[known], _part(thickness, known, 0.0, 1.0), settings)
    rest = float(np.sum(grey_count[~known]))
    ends = [
        layer_shares(depth[known], _part(thickness, known, z, 1e-6), settings)
        for z in np.linspace(-_WIDEST_Z, _WIDEST_Z, 41)
    ]
    greys, fifths = ([float(each[which].sum()) for each in ends] for which in (0, 1))
    return ElectrodeYield(
        electrodes=total,
        grey=float(grey.sum()) + rest, grey_low=min(greys) + rest, grey_high=max(greys) + rest,
        layer5=float(fifth.sum()), layer5_low=min(fifths), layer5_high=max(fifths),
        threads_with_thickness=int(known.sum()),
    )  # fmt: skip


def _part(thickness: Thickness, keep: AnyArray, shift_z: float, sd_share: float) -> Thickness:
    """Return the thickness of some sites, shifted by so many standard deviations, its spread scaled."""
    sd = thickness.sd_mm[keep]
    return Thickness(mean_mm=thickness.mean_mm[keep] + shift_z * sd, sd_mm=sd * sd_share)
