# SPDX-License-Identifier: Apache-2.0
"""A picture taken in surgery: scale from its sidecar or the person, pose only where someone states it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from trephine.core.arrays import AnyArray
from trephine.core.errors import FormatError
from trephine.core.frames import IMAGE, SCANNER, Affine
from trephine.formats.live_view import (
    LARGEST_PIXEL_UM,
    SMALLEST_PIXEL_UM,
    check_extent,
    number_of,
    pixel_um_of,
    pixels_of,
    pose_of,
)
from trephine.formats.text import read_json_object
from trephine.model.live_picture import LivePicture, StatedPose

PICTURE_ENDINGS = (".png", ".tif", ".tiff")
_GREEN = 1
_DARK, _BRIGHT = 12, 250
"""Of 255; assumed: no cortex can be told in a picture that is all below or all above."""
_NEARLY_ALL_FRACTION = 0.97
_SAME_SCALE_FRACTION = 0.001


def read_live_picture(image: Path, *, scale_um: float | None) -> LivePicture:
    """Read a frame of the exposed cortex.

    Parameters
    ----------
    image
        PNG or TIFF, grey or RGB, 8 or 16 bits. A sidecar of the same name with ``.json`` may hold
        ``PixelSize`` and ``PixelSizeUnits``, and ``ScannerFromImage`` with ``RegistrationErrorUm``.
    scale_um
        Edge of a pixel as the person says it; needed without a sidecar that has it.

    Returns
    -------
    LivePicture
        Without a pose where none is stated.

    Raises
    ------
    FormatError
        If the picture cannot be read or shows only darkness or glare, the scale is missing, impossible or
        said in two ways, or half of a pose is stated.
    """
    if image.suffix.lower() not in PICTURE_ENDINGS:
        raise FormatError.because(
            where=str(image),
            found=f"a file that ends in {image.suffix!r}",
            expected=f"one of {', '.join(PICTURE_ENDINGS)}",
            remedy="Export the frame as PNG or TIFF; formats that lose detail lose vessels.",
        )
    rgb = pixels_of(image)
    _check_light(image, rgb)
    sidecar = image.with_suffix(".json")
    fields = read_json_object(sidecar) if sidecar.is_file() else {}
    pixel_um = _scale_um(image, sidecar, fields, scale_um)
    check_extent(rgb, pixel_um, "--scale" if "PixelSize" not in fields else str(sidecar))
    return LivePicture(name=image.name, rgb=rgb, pixel_um=pixel_um, pose=_stated(fields, str(sidecar)))


def _check_light(image: Path, rgb: AnyArray) -> None:
    green = rgb[::4, ::4, _GREEN]
    for share, word, remedy in (
        (float((green <= _DARK).mean()), "dark", "Turn the lamp up or open the shutter"),
        (float((green >= _BRIGHT).mean()), "saturated with light", "Turn the lamp down, or turn it aside"),
    ):
        if share > _NEARLY_ALL_FRACTION:
            raise FormatError.because(
                where=str(image),
                found=f"a picture that is {word} over {100 * share:.0f} % of its area",
                expected="the exposed cortex",
                remedy=f"{remedy}, and take another picture.",
            )


def _scale_um(image: Path, sidecar: Path, fields: dict[str, Any], said_um: float | None) -> float:
    if said_um is not None and not SMALLEST_PIXEL_UM <= said_um <= LARGEST_PIXEL_UM:
        raise FormatError.because(
            where="--scale",
            found=f"{said_um:g} um a pixel",
            expected=f"{SMALLEST_PIXEL_UM:g} to {LARGEST_PIXEL_UM:g}",
            remedy="Give the edge of one pixel on the cortex in micrometres.",
        )
    written_um = pixel_um_of(fields, str(sidecar)) if "PixelSize" in fields else None
    if written_um is None and said_um is None:
        raise FormatError.because(
            where=str(image),
            found="no scale",
            expected=f"PixelSize in {sidecar.name}, or --scale",
            remedy="Give the edge of one pixel on the cortex in micrometres: --scale UM_PER_PIXEL.",
        )
    if (
        written_um is not None
        and said_um is not None
        and abs(written_um / said_um - 1) > _SAME_SCALE_FRACTION
    ):
        raise FormatError.because(
            where=f"--scale and {sidecar}, PixelSize",
            found=f"{said_um:g} and {written_um:g} um a pixel",
            expected="one scale",
            remedy="Leave --scale out, or correct the sidecar.",
        )
    return float(written_um if written_um is not None else said_um or 0.0)


def _stated(fields: dict[str, Any], where: str) -> StatedPose | None:
    if "ScannerFromImage" not in fields:
        return None
    error_um = number_of(fields, "RegistrationErrorUm", where)
    if error_um < 0:
        raise FormatError.because(
            where=f"{where}, RegistrationErrorUm",
            found=f"{error_um:g} um",
            expected="0 um or more",
            remedy="State the standard deviation of the pose on the cortex.",
        )
    pose = Affine(target=SCANNER, source=IMAGE, matrix=np.asarray(pose_of(fields, where)))
    return StatedPose(scanner_from_image=pose, error_um=error_um)
