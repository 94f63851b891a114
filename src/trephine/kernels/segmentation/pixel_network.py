# SPDX-License-Identifier: Apache-2.0
"""A small network that judges pixels by maps at several resolutions; training and use, in NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from trephine.core.arrays import AnyArray
from trephine.kernels.segmentation.picture_pyramid import Picture, doubled

Weights = tuple[NDArray[np.float32], ...]
HIDDEN = (24, 12)
_PIXELS_AT_ONCE = 16_384


@dataclass(frozen=True, kw_only=True, eq=False)
class PixelNetwork:
    """Layers of weighted sums, cut at zero between them.

    Parameters
    ----------
    weights, offsets
        Of every layer, shapes (out, in) and (out,); the last has one output, the logit.
    """

    weights: Weights
    offsets: Weights


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long a network is trained.

    Parameters
    ----------
    epochs, batch
        Passes over the samples, and samples a step.
    rate_per_step
        Step size of Adam at the start; it falls to nothing along a half cosine.
    """

    epochs: int = 8
    batch: int = 512
    rate_per_step: float = 3e-3


def trained(samples: AnyArray, truth: AnyArray, schedule: Schedule, rng: np.random.Generator) -> PixelNetwork:
    """Fit a network to samples by Adam on the cross entropy.

    Parameters
    ----------
    samples
        Shape (sample, feature).
    truth
        Probability wanted, shape (sample,), 0 to 1.
    schedule
        How long.
    rng
        Draws starting weights and the order of samples.

    Returns
    -------
    PixelNetwork
        With the features' means and spreads taken into its first layer.
    """
    mean, spread = samples.mean(axis=0), samples.std(axis=0) + 1e-6
    inputs = ((samples - mean) / spread).astype(np.float32)
    sizes = (inputs.shape[1], *HIDDEN, 1)
    values = [
        (rng.standard_normal((out, into)) * np.sqrt(2 / into)).astype(np.float32)
        for into, out in pairwise(sizes)
    ] + [np.zeros(out, dtype=np.float32) for out in sizes[1:]]
    first = [np.zeros_like(value) for value in values]
    second = [np.zeros_like(value) for value in values]
    steps = schedule.epochs * (len(inputs) // schedule.batch)
    for step in range(steps):
        place = step % (len(inputs) // schedule.batch)
        if place == 0:
            order = rng.permutation(len(inputs))
        chosen = order[place * schedule.batch : (place + 1) * schedule.batch]
        rate = schedule.rate_per_step * 0.5 * (1 + np.cos(np.pi * step / steps))
        slopes = _slopes(values, inputs[chosen], truth[chosen].astype(np.float32))
        for value, slope, one, two in zip(values, slopes, first, second, strict=True):
            one += 0.1 * (slope - one)
            two += 0.001 * (slope * slope - two)
            size = np.sqrt(two / (1 - 0.999 ** (step + 1))) + 1e-8
            value -= (rate * (one / (1 - 0.9 ** (step + 1))) / size).astype(np.float32)
    weights, offsets = values[: len(sizes) - 1], values[len(sizes) - 1 :]
    weights[0] = (weights[0] / spread).astype(np.float32)
    offsets[0] = (offsets[0] - weights[0] @ mean).astype(np.float32)
    return PixelNetwork(weights=tuple(weights), offsets=tuple(offsets))


def _slopes(values: list[AnyArray], inputs: AnyArray, truth: AnyArray) -> list[AnyArray]:
    """Return the derivative of the mean cross entropy by every weight and then every offset."""
    count = len(values) // 2
    kept = [inputs]
    for layer in range(count):
        out = kept[-1] @ values[layer].T + values[count + layer]
        kept.append(np.maximum(out, 0) if layer < count - 1 else out)
    back = (1 / (1 + np.exp(-kept[-1])) - truth[:, None]) / len(truth)
    slopes: list[AnyArray] = [back] * len(values)
    for layer in range(count - 1, -1, -1):
        slopes[layer] = back.T @ kept[layer]
        slopes[count + layer] = back.sum(axis=0)
        if layer:
            back = (back @ values[layer]) * (kept[layer] > 0)
    return slopes


def logits(network: PixelNetwork, levels: Sequence[Picture]) -> Picture:
    """Judge every pixel.

    Parameters
    ----------
    network
        Trained on the levels' features, finest level first.
    levels
        Maps, shape (feature, row, column), every level half the size of the one before.

    Returns
    -------
    numpy.ndarray
        Shape (row, column) of the first level, float32.

    Notes
    -----
    Interpolation and weighted sums can be exchanged: the first layer's sums are formed at each level's own
    resolution and interpolated together, which is the same as interpolating every map.
    """
    ends = np.cumsum([len(maps) for maps in levels])
    parts = np.split(network.weights[0], ends[:-1], axis=1)
    total: Picture | None = None
    for weights, maps in zip(parts[:0:-1], levels[:0:-1], strict=True):
        here = np.tensordot(weights, maps, axes=1)
        total = here if total is None else here + doubled(total, here.shape[1:])
    rows, columns = levels[0].shape[1:]
    result = np.empty((rows, columns), dtype=np.float32)
    if total is None:
        return _rest(network, parts[0] @ levels[0].reshape(len(levels[0]), -1)).reshape(rows, columns)
    band = max(_PIXELS_AT_ONCE // total.shape[2], 1)
    wide = np.pad(total, ((0, 0), (1, 1), (1, 1)), "edge")
    for start in range(0, total.shape[1], band):
        coarse = wide[:, start : start + band + 2]
        for down in (0, 1):
            for right in (0, 1):
                place = np.s_[2 * start + down : 2 * (start + band) + down : 2, right::2]
                maps = levels[0][(slice(None), *place)]
                now = _between(coarse, down, right)[:, : maps.shape[1], : maps.shape[2]]
                sums = parts[0] @ maps.reshape(len(maps), -1)
                sums += now.reshape(len(now), -1)
                result[place] = _rest(network, sums).reshape(maps.shape[1:])
    return result


def _between(coarse: Picture, down: int, right: int) -> Picture:
    """Interpolate to one of the four finer pixels of every coarse pixel; the rim is used up."""
    near, far = np.float32(0.75), np.float32(0.25)
    other = coarse[:, 2 * down : coarse.shape[1] - 2 + 2 * down]
    tall = near * coarse[:, 1:-1]
    tall += far * other
    beside = tall[:, :, 2 * right : tall.shape[2] - 2 + 2 * right]
    result = near * tall[:, :, 1:-1]
    result += far * beside
    return result


def _rest(network: PixelNetwork, sums: AnyArray) -> AnyArray:
    """Go on from the first layer's sums, shape (cell, pixel), to the logits, shape (1, pixel)."""
    now = sums
    now += network.offsets[0][:, None]
    for layer, offset in zip(network.weights[1:], network.offsets[1:], strict=True):
        np.maximum(now, 0, out=now)
        now = layer @ now
        now += offset[:, None]
    return now


def sampled(levels: Sequence[Picture], rows: AnyArray, columns: AnyArray) -> NDArray[np.float32]:
    """Look the maps of every level up at pixels of the first, as ``logits`` sees them.

    Parameters
    ----------
    levels
        Maps, shape (feature, row, column), every level half the size of the one before.
    rows, columns
        Pixels of the first level, shape (sample,).

    Returns
    -------
    numpy.ndarray
        Shape (sample, feature).
    """
    found = []
    for level, maps in enumerate(levels):
        full = maps
        for finer in range(level - 1, -1, -1):
            full = doubled(full, levels[finer].shape[1:])
        found.append(full[:, rows, columns].T)
    return np.concatenate(found, axis=1)
