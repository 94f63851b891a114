# SPDX-License-Identifier: Apache-2.0
"""The microscope's view of the exposed cortex: a picture, and a sidecar with its scale and pose."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from trephine.core.arrays import AnyArray, Matrix4
from trephine.core.errors import FormatError
from trephine.core.frames import IMAGE, SCANNER, Affine
from trephine.formats.content import read_bytes
from trephine.formats.text import read_json_object
from trephine.model.live_view import LiveView

SMALLEST_PIXEL_UM = 0.5
LARGEST_PIXEL_UM = 200.0
SMALLEST_VIEW_MM = 1.0
LARGEST_VIEW_MM = 200.0
_UM_OF = {"um": 1.0, "mm": 1000.0, "nm": 0.001}
_SIXTEEN_BITS_PER_EIGHT = 257
_LEAST_OF_SIXTEEN_BITS = 16383
_SQUARE_FRACTION = 0.001
_RIGID_TOLERANCE = 0.001


def read_live_view(image: Path, sidecar: Path) -> LiveView:
    """Read a view with its scale and pose.

    Parameters
    ----------
    image
        PNG or TIFF, grey or RGB, 8 or 16 bits.
    sidecar
        JSON with ``PixelSize`` (a number, or two equal ones), ``PixelSizeUnits`` (um, mm or nm),
        ``ScannerFromImage`` (four rows of four, mm) and ``RegistrationErrorUm``.

    Returns
    -------
    LiveView
        Pixels as RGB of 8 bits; 16 bits are divided by 257, grey is repeated.

    Raises
    ------
    FormatError
        If the picture cannot be read, is of one tone, or its scale or pose is missing or impossible.
    """
    rgb = pixels_of(image)
    fields = read_json_object(sidecar)
    pixel_um = pixel_um_of(fields, str(sidecar))
    check_extent(rgb, pixel_um, str(sidecar))
    error_um = number_of(fields, "RegistrationErrorUm", str(sidecar))
    if error_um < 0:
        raise FormatError.because(
            where=f"{sidecar}, RegistrationErrorUm",
            found=f"{error_um:g} um",
            expected="0 um or more",
            remedy="State the standard deviation of the pose on the cortex.",
        )
    pose = Affine(target=SCANNER, source=IMAGE, matrix=pose_of(fields, str(sidecar)))
    return LiveView(rgb=rgb, pixel_um=pixel_um, scanner_from_image=pose, registration_error_um=error_um)


def pixels_of(path: Path) -> AnyArray:
    """Read a picture as RGB of 8 bits, shape (row, column, 3).

    Raises
    ------
    FormatError
        If it cannot be read, is several pictures, has transparent pixels, is of one tone, or leaves most of
        its 16 bits unused.
    """
    data = read_bytes(path)
    try:
        with Image.open(io.BytesIO(data)) as picture:
            kind, mode = picture.format, picture.mode
            _check_single(path, picture)
            raw = np.asarray(picture.convert("RGB") if mode in ("P", "RGBA", "LA", "1") else picture)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise FormatError.because(
            where=str(path),
            found=f"a picture that cannot be read ({error})",
            expected="a complete PNG or TIFF picture",
            remedy="Export the picture anew.",
        ) from error
    suffix_kind = "PNG" if path.suffix.lower() == ".png" else "TIFF"
    if kind != suffix_kind or raw.dtype not in (np.uint8, np.uint16, np.int32) or raw.min() == raw.max():
        raise FormatError.because(
            where=str(path),
            found=f"{kind} content of mode {mode}, values from {raw.min()} to {raw.max()}",
            expected=f"a {suffix_kind} picture, grey or RGB, 8 or 16 bits, of more than one tone",
            remedy="Export the picture anew in that format.",
        )
    if raw.dtype != np.uint8:
        _check_bits(path, int(raw.max()))
        raw = (np.clip(raw, 0, 65535) // _SIXTEEN_BITS_PER_EIGHT).astype(np.uint8)
    return np.repeat(raw[..., np.newaxis], 3, axis=2) if raw.ndim == 2 else raw[..., :3]


def _check_single(path: Path, picture: Image.Image) -> None:
    """Refuse a stack of pictures and one that is transparent somewhere."""
    count = getattr(picture, "n_frames", 1)
    if count > 1:
        raise FormatError.because(
            where=str(path),
            found=f"{count} pictures in one file",
            expected="one picture",
            remedy="Export one picture, of one eye where the microscope sees with two.",
        )
    alpha = np.asarray(picture.getchannel("A")) if "A" in picture.getbands() else None
    if alpha is not None and alpha.min() < np.iinfo(alpha.dtype).max:
        raise FormatError.because(
            where=str(path),
            found=f"transparent pixels ({100 * float((alpha < np.iinfo(alpha.dtype).max).mean()):.3g} %)",
            expected="a picture that hides nothing",
            remedy="Export the microscope's picture itself, without overlays or transparency.",
        )


def _check_bits(path: Path, largest: int) -> None:
    if largest <= _LEAST_OF_SIXTEEN_BITS:
        raise FormatError.because(
            where=str(path),
            found=f"16-bit pixels of which the brightest is {largest}",
            expected=f"more than {_LEAST_OF_SIXTEEN_BITS}",
            remedy="The camera seems to use fewer bits: export them stretched to all 16, or as 8 bits.",
        )


def number_of(fields: dict[str, Any], name: str, where: str) -> float:
    """Return a finite number of the sidecar, or refuse."""
    value = fields.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    raise FormatError.because(
        where=f"{where}, {name}",
        found="nothing" if value is None else repr(value),
        expected="a finite number",
        remedy=f"Add {name} to the sidecar; without it the picture cannot be planned on.",
    )


def pixel_um_of(fields: dict[str, Any], where: str) -> float:
    """Return the edge of a pixel on the cortex in micrometres."""
    size = fields.get("PixelSize")
    if isinstance(size, list) and size:
        pair = {"PixelSize": size[0]}, {"PixelSize": size[-1]}
        first, last = (number_of(one, "PixelSize", where) for one in pair)
        if abs(first - last) > _SQUARE_FRACTION * abs(first):
            raise FormatError.because(
                where=f"{where}, PixelSize",
                found=f"{first:g} and {last:g}",
                expected="square pixels",
                remedy="Resample the picture to square pixels.",
            )
        size = first
    value = number_of({"PixelSize": size}, "PixelSize", where)
    unit = fields.get("PixelSizeUnits")
    if unit not in _UM_OF:
        raise FormatError.because(
            where=f"{where}, PixelSizeUnits",
            found="nothing" if unit is None else repr(unit),
            expected="um, mm or nm",
            remedy="Add the unit of PixelSize.",
        )
    pixel_um = value * _UM_OF[unit]
    if SMALLEST_PIXEL_UM <= pixel_um <= LARGEST_PIXEL_UM:
        return pixel_um
    is_mm = SMALLEST_PIXEL_UM <= value * 1000.0 <= LARGEST_PIXEL_UM
    raise FormatError.because(
        where=f"{where}, PixelSize",
        found=f"{value:g} {unit} a pixel" + (" (the number seems to be in mm)" if is_mm else ""),
        expected=f"{SMALLEST_PIXEL_UM:g} to {LARGEST_PIXEL_UM:g} um a pixel on the cortex",
        remedy="Correct PixelSize or PixelSizeUnits.",
    )


def check_extent(rgb: AnyArray, pixel_um: float, where: str) -> None:
    """Refuse a view too small or too wide to be of an exposed cortex."""
    height_mm, width_mm = (n * pixel_um / 1000.0 for n in rgb.shape[:2])
    if min(height_mm, width_mm) >= SMALLEST_VIEW_MM and max(height_mm, width_mm) <= LARGEST_VIEW_MM:
        return
    raise FormatError.because(
        where=f"{where}, PixelSize",
        found=f"a view of {width_mm:.3g} x {height_mm:.3g} mm",
        expected=f"{SMALLEST_VIEW_MM:g} to {LARGEST_VIEW_MM:g} mm along each edge",
        remedy="Correct PixelSize or PixelSizeUnits.",
    )


def pose_of(fields: dict[str, Any], where: str) -> Matrix4:
    """Return the pose; axes of length one and at right angles, for pixels are scaled before it."""
    try:
        matrix = np.array(fields.get("ScannerFromImage"), dtype=np.float64)
    except (TypeError, ValueError):
        matrix = np.zeros(0)
    is_pose = matrix.shape == (4, 4) and bool(np.all(np.isfinite(matrix)))
    if is_pose:
        axes = matrix[:3, :3]
        is_pose = bool(
            np.allclose(axes.T @ axes, np.eye(3), atol=_RIGID_TOLERANCE)
            and np.allclose(matrix[3], (0, 0, 0, 1))
        )
    if is_pose:
        return matrix
    raise FormatError.because(
        where=f"{where}, ScannerFromImage",
        found=repr(fields.get("ScannerFromImage")),
        expected="four rows of four numbers: a turn and a shift in mm, without scale, last row 0 0 0 1",
        remedy="Take the pose from the microscope's registration; the scale belongs into PixelSize.",
    )
