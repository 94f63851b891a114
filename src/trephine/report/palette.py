# SPDX-License-Identifier: Apache-2.0
"""Colours, each with one meaning in every figure; told apart also by readers who see few colours."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from trephine.core.arrays import AnyArray

Colour = tuple[int, int, int]

# From the set of Okabe and Ito, which stays apart under the common kinds of colour blindness.
HAND: Final[Colour] = (0, 114, 178)
THREAD: Final[Colour] = (230, 159, 0)
VESSEL: Final[Colour] = (213, 94, 0)
CUT: Final[Colour] = (0, 158, 115)
"""Craniectomy and durectomy."""
KNOB: Final[Colour] = (204, 121, 167)
INK: Final[Colour] = (28, 28, 30)
QUIET: Final[Colour] = (110, 108, 104)
PAPER: Final[Colour] = (255, 255, 255)
RULE: Final[Colour] = (206, 202, 194)

_Z_STOPS: Final = (
    (-1.0, (255, 214, 120)),
    (-0.5, (222, 120, 30)),
    (0.0, (70, 66, 64)),
    (0.5, (20, 130, 205)),
    (1.0, (170, 232, 255)),
)
_HAND_STOPS: Final = ((0.0, (222, 228, 232)), (0.45, (118, 184, 224)), (1.0, (24, 108, 176)))


def css(colour: Colour) -> str:
    """Return a colour as CSS writes it."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def z_colours(share: AnyArray) -> NDArray[np.float32]:
    """Colour values from -1 (falls, orange) over 0 (dark) to 1 (rises, blue); sRGB in 0 to 1, last axis 3."""
    return _ramp(_Z_STOPS, share)


def hand_colours(share: AnyArray) -> NDArray[np.float32]:
    """Colour values from 0 (bare cortex) to 1 (deep blue); sRGB in 0 to 1, last axis 3."""
    return _ramp(_HAND_STOPS, share)


def _ramp(stops: tuple[tuple[float, Colour], ...], share: AnyArray) -> NDArray[np.float32]:
    """Blend between stops in OKLab, where equal steps look equal."""
    at = np.array([position for position, _ in stops])
    lab = np.stack([_oklab_of(np.array(colour) / 255) for _, colour in stops])
    mixed = np.stack([np.interp(share, at, lab[:, axis]) for axis in range(3)], axis=-1)
    return _srgb_of_oklab(mixed).astype(np.float32)


_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def _oklab_of(srgb: NDArray[np.float64]) -> NDArray[np.float64]:
    light = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return _LAB @ np.cbrt(_LMS @ light)


def _srgb_of_oklab(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    light = np.clip((lab @ np.linalg.inv(_LAB).T) ** 3 @ np.linalg.inv(_LMS).T, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
