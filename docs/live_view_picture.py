# SPDX-License-Identifier: Apache-2.0
"""Show what a live view is taken for: the frame at full size beside its marks.

``python docs/live_view_picture.py FRAME PIXEL_UM OUT.png`` marks any frame: vessels orange, what cannot be
judged blue. Three more numbers (first row, first column, edge) cut a square. docs/images/live-view.png was
made of a digital participant's frame: photographs at hand may not be passed on.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from trephine.core.frames import IMAGE, SCANNER, Affine
from trephine.model.live_view import LiveView
from trephine.stages.placement.live_vessels import miss_um, seen_vessels
from trephine.stages.placement.settings import VesselSettings

VESSEL, HIDDEN = (230, 120, 0), (0, 90, 200)


def main(frame: Path, pixel_um: float, out: Path, corner: tuple[int, int, int] | None = None) -> None:
    """Write the frame, or a square of it (first row, first column, edge), and its marks side by side."""
    rgb = read(frame)
    pose = Affine.identity(target=SCANNER, source=IMAGE)
    view = LiveView(rgb=rgb, pixel_um=pixel_um, scanner_from_image=pose, registration_error_um=0.0)
    seen = seen_vessels(view, VesselSettings())
    step = round(seen.pixel_um / pixel_um)
    rows, columns = (length * step for length in seen.vessel.shape)
    marked = rgb[:rows, :columns] // 2 + 60
    for mask, colour in ((seen.vessel, VESSEL), (seen.hidden, HIDDEN)):
        marked[np.kron(mask, np.ones((step, step), dtype=bool))] = colour
    both = [rgb[:rows, :columns], marked]
    if corner:
        row, column, edge = corner
        both = [picture[row : row + edge, column : column + edge] for picture in both]
    Image.fromarray(np.concatenate(both, axis=1)).quantize(128, dither=Image.Dither.NONE).save(
        out, optimize=True
    )
    sys.stdout.write(f"stated miss distance {miss_um(view, VesselSettings()):.1f} um\n")


def read(frame: Path) -> np.ndarray:
    """Read a frame of 8 or 16 bits, grey or coloured."""
    values = np.asarray(Image.open(frame))
    if values.dtype != np.uint8:
        values = (values.astype(np.float64) / values.max() * 255).astype(np.uint8)
    return np.stack([values] * 3, axis=-1) if values.ndim == 2 else values[..., :3]


if __name__ == "__main__":
    square = tuple(int(value) for value in sys.argv[4:7])
    main(Path(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]), square if len(square) == 3 else None)
