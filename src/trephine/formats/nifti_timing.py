# SPDX-License-Identifier: Apache-2.0
"""When the volumes and slices of a series are taken: the sidecar's word against the header's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import nibabel as nib

from trephine.core.arrays import AnyArray
from trephine.core.errors import FormatError

_SECONDS_OF = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6}
_AGREEMENT_FRACTION = 0.01


@dataclass(frozen=True, kw_only=True)
class Timing:
    """When volumes and slices are taken, in the file's own order of slices.

    Parameters
    ----------
    repetition_time_s
        From one volume to the next.
    slice_time_s
        Of each slice after its volume starts; empty when not known.
    slice_axis
        Stored axis along which slices are counted: 0, 1 or 2.
    """

    repetition_time_s: float
    slice_time_s: tuple[float, ...] = ()
    slice_axis: int = 2


def check_timing(path: Path, image: nib.Nifti1Image, timing: Timing) -> None:
    """Check a sidecar's times against the image they belong to.

    Raises
    ------
    FormatError
        If the header states another repetition time, or there are not as many slice times as slices.
    """
    header_s = _header_repetition_time_s(image)
    wanted_s = timing.repetition_time_s
    if header_s is not None and abs(header_s / wanted_s - 1.0) > _AGREEMENT_FRACTION:
        raise FormatError.because(
            where=f"{path}, RepetitionTime and header field pixdim[4]",
            found=f"{wanted_s:g} s in the sidecar, {header_s:g} s in the header{_guess(wanted_s, header_s)}",
            expected="the same repetition time in both",
            remedy="Find out the true one from the scanner's protocol and correct the other.",
        )
    slices = int(image.shape[timing.slice_axis])
    if timing.slice_time_s and len(timing.slice_time_s) != slices:
        raise FormatError.because(
            where=f"{path}, SliceTiming",
            found=f"{len(timing.slice_time_s)} times",
            expected=f"{slices}, one for each slice",
            remedy="Correct the sidecar, or remove SliceTiming to go on without correction for slice times.",
        )


def _header_repetition_time_s(image: nib.Nifti1Image) -> float | None:
    """Return the header's time from volume to volume; none where it states no unit or no time."""
    value = float(image.header["pixdim"][4])
    try:
        unit = image.header.get_xyzt_units()[1]
    except KeyError:
        return None
    return value * _SECONDS_OF[unit] if unit in _SECONDS_OF and value > 0 else None


def _guess(sidecar_s: float, header_s: float) -> str:
    ratio = sidecar_s / header_s
    if abs(ratio / 1000.0 - 1.0) < _AGREEMENT_FRACTION:
        return " (the sidecar seems to be in milliseconds)"
    if abs(ratio * 1000.0 - 1.0) < _AGREEMENT_FRACTION:
        return " (the header's number seems to be milliseconds marked as seconds)"
    return ""


def turned_slice_times(path: Path, timing: Timing, orientation: AnyArray) -> tuple[float, ...]:
    """Put slice times in the order of the turned grid's k axis.

    Parameters
    ----------
    path
        Named in messages.
    timing
        Times in the file's order.
    orientation
        nibabel's orientation: where each stored axis went and whether it was turned, shape (3, 2).

    Returns
    -------
    tuple of float
        Seconds, one for each k.

    Raises
    ------
    FormatError
        If slices do not run from foot to head.
    """
    if not timing.slice_time_s:
        return ()
    axis, flip = orientation[timing.slice_axis]
    if int(axis) != 2:
        raise FormatError.because(
            where=f"{path}, SliceTiming",
            found=f"slices that run from {('left to right', 'back to front')[int(axis)]}",
            expected="slices that run from foot to head",
            remedy="Remove SliceTiming from the sidecar to go on without correction for slice times.",
        )
    return timing.slice_time_s[::-1] if flip < 0 else timing.slice_time_s
