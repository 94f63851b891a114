# SPDX-License-Identifier: Apache-2.0
"""A score of how surely each pixel of a colour picture belongs to a dark branching line, learnt or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trephine.core.arrays import AnyArray, Mask2
from trephine.kernels.segmentation.line_maps import SHORT, line_maps
from trephine.kernels.segmentation.picture_pyramid import (
    Picture,
    doubled,
    filled_in,
    halved,
    pyramid,
    smoothed,
)
from trephine.kernels.segmentation.pixel_network import PixelNetwork, Schedule, logits, sampled, trained

LEVELS = 5
_DARKEST = 0.02
_RED, _GREEN = 0, 1
_CONTEXT_LIMIT = 8.0
_SLOW_LEVEL = 3
_SLOW_SD = 3.0
"""The slow part of a picture is what is left after three halvings and this smoothing: 24 pixels."""
_LEAST_SPREAD = 0.003
_WIDEST_AGAIN_PIXEL = 4.0
"""Lines of lines are looked for up to this width: a score is narrower than what it scores."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Cascade:
    """Networks of which each sees the picture and the lines in the answer of the one before.

    Parameters
    ----------
    networks
        In order; the first sees the picture alone.
    context_from
        Finest level on which lines in an answer are looked for: 0 is slowest and a little better than 1.
    """

    networks: tuple[PixelNetwork, ...]
    context_from: int


def picture_maps(rgb: AnyArray, seen: Mask2) -> list[Picture]:
    """Describe every pixel of a picture by what does not change with light, exposure or direction.

    Parameters
    ----------
    rgb
        Shape (row, column, 3), 0 to 1; the same three times for a picture without colour.
    seen
        Pixels that count, shape (row, column).

    Returns
    -------
    list
        Five levels, each of half the size of the one before, shape (feature, row, column): lines in the
        logarithm of green light made even; from the second level on that logarithm itself, that of red over
        green and that of red made even, smoothed; on the first the former two as they are; and on the fourth
        how much green light varies thereabouts.
    """
    light = [
        filled_in(np.log(np.maximum(rgb[..., channel], np.float32(_DARKEST))), seen)
        for channel in (_RED, _GREEN)
    ]
    even, variety = _evened(light[_GREEN], seen)
    tones = np.stack([light[_GREEN], light[_RED] - light[_GREEN], _evened(light[_RED], seen)[0]])
    levels = [line_maps(finer, 1.0, lengths=2) for finer in pyramid(even, LEVELS)]
    for level, tone in enumerate(pyramid(halved(tones), LEVELS - 1), start=1):
        levels[level] = np.concatenate([levels[level], np.stack([smoothed(each, 1.0) for each in tone])])
    levels[0] = np.concatenate([levels[0], tones[:2]])
    levels[_SLOW_LEVEL] = np.concatenate([levels[_SLOW_LEVEL], variety[None]])
    return levels


def _evened(light: Picture, seen: Mask2) -> tuple[Picture, Picture]:
    """Remove the slow part of a picture and divide by how much the rest varies thereabouts.

    Returns the even picture, and the logarithm of the local spread, three halvings down.
    """
    steps = pyramid(light, _SLOW_LEVEL + 1)
    detail = light - _back(smoothed(steps[-1], _SLOW_SD), steps)
    square = pyramid(np.where(seen, detail * detail, np.float32(0)), _SLOW_LEVEL + 1)[-1]
    weight = pyramid(seen.astype(np.float32), _SLOW_LEVEL + 1)[-1]
    mean = smoothed(square, 2 * _SLOW_SD) / np.maximum(smoothed(weight, 2 * _SLOW_SD), np.float32(1e-3))
    spread = np.sqrt(np.maximum(mean, np.float32(_LEAST_SPREAD**2)))
    return detail / _back(spread, steps), np.log(spread)


def _back(coarse: Picture, steps: Sequence[Picture]) -> Picture:
    """Bring a picture of the last step's size to that of the first."""
    for finer in steps[-2::-1]:
        coarse = doubled(coarse, finer.shape)
    return coarse


def context_maps(score: Picture, seen: Mask2, finest: int) -> list[Picture]:
    """Describe every pixel by the lines that a score forms about it.

    Parameters
    ----------
    score
        Logits, shape (row, column).
    seen
        Pixels that count, same shape.
    finest
        Lines are looked for from this level on; finer ones hold the score alone.

    Returns
    -------
    list
        Five levels, shape (feature, row, column).
    """
    share = np.clip(filled_in(score, seen), -_CONTEXT_LIMIT, _CONTEXT_LIMIT)
    steps = pyramid(share / np.float32(-4), LEVELS)
    levels = [
        line_maps(step, 1.0, lengths=3) if level >= finest else step[None] for level, step in enumerate(steps)
    ]
    if finest == 0:
        levels[0] = np.concatenate([levels[0], steps[0][None]])
    return levels


def learnt_score(cascade: Cascade, rgb: AnyArray, seen: Mask2) -> Picture:
    """Judge every pixel of a picture.

    Parameters
    ----------
    cascade
        From ``learnt``.
    rgb
        Shape (row, column, 3), 0 to 1.
    seen
        Pixels that count, shape (row, column).

    Returns
    -------
    numpy.ndarray
        Logit that a pixel is a vessel, shape (row, column), float32.
    """
    levels = picture_maps(rgb, seen)
    score = logits(cascade.networks[0], levels)
    for network in cascade.networks[1:]:
        score = logits(network, _joined(levels, context_maps(score, seen, cascade.context_from)))
    return score


def learnt(
    pictures: Sequence[tuple[AnyArray, Mask2, Mask2]],
    *,
    stages: int,
    context_from: int,
    samples: int,
    schedule: Schedule,
    rng: np.random.Generator,
) -> Cascade:
    """Learn from labelled pictures.

    Parameters
    ----------
    pictures
        Each a picture, its seen pixels and its vessels, as for ``learnt_score``.
    stages, context_from
        Networks in the cascade, and the finest level on which it looks for lines in its own answers.
    samples
        Pixels drawn from each picture.
    schedule
        How long each network is trained.
    rng
        Draws pixels and starting weights.

    Returns
    -------
    Cascade
        The networks.

    Notes
    -----
    A later network sees the earlier one's answer on pictures that one has learnt from. The networks are
    too small to remember pictures, so these answers are like those on new ones.
    """
    kept = [picture_maps(rgb, seen) for rgb, seen, _ in pictures]
    scores: list[Picture] = []
    networks: list[PixelNetwork] = []
    for _ in range(stages):
        inputs, truth = [], []
        for place, (_, seen, vessel) in enumerate(pictures):
            levels = kept[place]
            if scores:
                levels = _joined(levels, context_maps(scores[place], seen, context_from))
            rows, columns = np.nonzero(seen)
            chosen = rng.choice(len(rows), min(samples, len(rows)), replace=False)
            inputs.append(sampled(levels, rows[chosen], columns[chosen]))
            truth.append(vessel[rows[chosen], columns[chosen]])
        networks.append(trained(np.concatenate(inputs), np.concatenate(truth), schedule, rng))
        if len(networks) < stages:
            scores = [
                logits(
                    networks[-1],
                    _joined(levels, context_maps(scores[place], seen, context_from)) if scores else levels,
                )
                for place, (levels, (_, seen, _)) in enumerate(zip(kept, pictures, strict=True))
            ]
    return Cascade(networks=tuple(networks), context_from=context_from)


def _joined(one: Sequence[Picture], other: Sequence[Picture]) -> list[Picture]:
    return [np.concatenate(pair) for pair in zip(one, other, strict=True)]


def unlearnt_score(light: AnyArray, seen: Mask2, widest_pixel: float) -> Picture:
    """Judge every pixel of a picture without training.

    Parameters
    ----------
    light
        Green light, as blood absorbs it, shape (row, column), 0 to 1.
    seen
        Pixels that count, shape (row, column).
    widest_pixel
        Width of the widest vessel.

    Returns
    -------
    numpy.ndarray
        At least 0, larger for more line-like pixels, shape (row, column), float32.

    Notes
    -----
    Lines of every width up to the widest are added, then the lines that this sum forms are added to it:
    what continues a line counts for more than what stands alone.
    """
    green = filled_in(np.sqrt(np.maximum(light, 0)), seen)
    first = _all_lines(green, widest_pixel, (1.0, 1.5), lengths=2)
    first /= max(float(first[seen].std()), _LEAST_SPREAD) if seen.any() else 1.0
    second = _all_lines(-first, _WIDEST_AGAIN_PIXEL, (1.0,), lengths=3)
    second /= max(float(second[seen].std()), _LEAST_SPREAD) if seen.any() else 1.0
    return first + second


def _all_lines(picture: Picture, widest_pixel: float, sds: Sequence[float], *, lengths: int) -> Picture:
    """Add the positive line maps of every width, on the picture and its halves."""
    steps = pyramid(picture, max(int(np.log2(widest_pixel)), 1))
    total = np.zeros_like(steps[-1])
    for level in range(len(steps) - 1, -1, -1):
        step = steps[level]
        is_last = level == len(steps) - 1
        total = total if is_last else doubled(total, step.shape)
        for sd_pixel in sds[:1] if is_last else sds:
            total += np.maximum(line_maps(step, sd_pixel, lengths=lengths)[SHORT:], 0).sum(axis=0)
    return total
