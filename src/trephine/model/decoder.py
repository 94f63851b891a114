# SPDX-License-Identifier: Apache-2.0
"""A trained decoder, and what it says of a recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from trephine.core.arrays import AnyArray, locked

DecoderKind = Literal["ridge", "kernel", "kalman", "latent"]
Adaptation = Literal["none", "scale", "latent"]
"""What a decoder may learn from the unlabelled first part of a recording: nothing; each channel's mean and
spread; these and how each channel shows the remembered latents."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainedOn:
    """One recording behind a decoder.

    Parameters
    ----------
    name, sha256
        Of the recording.
    bins
        How many of its first bins were used.
    has_labels
        Whether the movement was used.
    """

    name: str
    sha256: str
    bins: int
    has_labels: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Decoder:
    """Everything needed to decode.

    Parameters
    ----------
    kind
        Method.
    channels
        Numbers of the channels, in order.
    bin_s
        Length of a bin.
    length_unit
        Of the velocity decoded, a second.
    arrays
        Parameters by name, float64.
    chosen
        What was chosen within the training part, by name.
    settings
        Of the training, plain.
    trained_on
        Recordings, in order.
    """

    kind: DecoderKind
    channels: tuple[int, ...]
    bin_s: float
    length_unit: str
    arrays: Mapping[str, AnyArray]
    chosen: Mapping[str, float]
    settings: Mapping[str, Any]
    trained_on: tuple[TrainedOn, ...]

    def __post_init__(self) -> None:
        kept = {
            name: locked(values, np.float64, (None,) * np.ndim(values), name)
            for name, values in sorted(self.arrays.items())
        }
        object.__setattr__(self, "arrays", MappingProxyType(kept))


@dataclass(frozen=True, kw_only=True, eq=False)
class Decoded:
    """Velocity decoded from a recording.

    Parameters
    ----------
    recording
        Its name.
    velocity
        Shape (bin, axis), in ``length_unit`` a second; row t used counts up to bin t only, apart from what
        was learned of the unlabelled part.
    length_unit
        As in the decoder.
    bin_s
        Length of a bin.
    first_bin
        First bin after the part that was learned from: scores count from here.
    adaptation
        What was learned.
    information
        What was used, in words.
    r2_share
        Share of the velocity's variance explained from ``first_bin`` on; absent without true velocity.
    """

    recording: str
    velocity: AnyArray
    length_unit: str
    bin_s: float
    first_bin: int
    adaptation: Adaptation
    information: str
    r2_share: float | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "velocity", locked(self.velocity, np.float64, (None, 2), "velocity"))
