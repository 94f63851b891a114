# SPDX-License-Identifier: Apache-2.0
"""What a person sees of a plan made again in surgery before approving it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from html import escape
from pathlib import Path as FilePath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from trephine.case.disk import write_atomically
from trephine.case.records import ground as ground_record
from trephine.case.records import plan as plan_record
from trephine.case.records import replan as record
from trephine.case.store import Case
from trephine.core.frames import IMAGE, SCANNER, Affine
from trephine.model.obstacles import Obstacles
from trephine.model.plan_comparison import compared
from trephine.model.replan import PicturePlace
from trephine.model.summary import StageSummary
from trephine.model.thread_plan import Thread, ThreadPlan
from trephine.report.comparison import page_of, tables
from trephine.report.drawing import Circle, Drawing, Figure, Path, Raster
from trephine.report.page import set_figure
from trephine.report.palette import CUT, HAND, INK, PAPER, VESSEL
from trephine.report.words import DISCLAIMER, SEVERITIES
from trephine.report.words import number as number_of

_WIDTH = 760.0
_SPARE = 1.06
"""The picture is shown over a little more than the opening."""
_ENTRY, _LOCKED = (255, 214, 110), CUT


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """Everything that the page tells.

    Parameters
    ----------
    receipt, plan, place, obstacles
        Of the plan made again.
    earlier
        The plan it follows.
    picture
        As it was given, shape (row, column, 3), uint8.
    """

    receipt: StageSummary
    plan: ThreadPlan
    place: PicturePlace
    obstacles: Obstacles
    earlier: ThreadPlan
    picture: NDArray[np.uint8]

    @property
    def request(self) -> dict[str, object]:
        """What was asked for."""
        return _request(self.receipt)

    @property
    def locked(self) -> frozenset[int]:
        """Numbers of the threads that stayed."""
        numbers = self.request.get("locked", [])
        return frozenset(numbers) if isinstance(numbers, list) else frozenset()


def write(case: Case, number: int) -> FilePath:
    """Write the page of a plan made again.

    Parameters
    ----------
    case
        Whose.
    number
        Of the plan.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    FormatError
        If a result is not what its sidecar says.
    StorageError
        If the disk refuses.
    """
    shown = _read(case, number)
    name, follows = record.stage_of(number), str(shown.request.get("follows", ""))
    told = compared(shown.earlier, shown.plan, (follows, name))
    title = escape(f"{case.subject}: {name}")
    words = "".join(f"<li>{escape(line)}</li>" for line in (*_words(shown, follows), *told.words))
    body = (
        f"<h1>{title}</h1><p>{escape(DISCLAIMER)}</p><ul>{words}</ul>{set_figure(_figure(shown))}"
        f"<h2>What was noticed</h2><ul>{_noticed(shown.receipt)}</ul>{tables(told)}"
        f"<h2>Made from</h2><ul>{_made_from(shown.receipt)}</ul>"
    )
    path = case.path("replan_page", number=str(number))
    write_atomically(path, page_of(title, body))
    return path


def _read(case: Case, number: int) -> Shown:
    receipt = record.read_receipt(case, number)
    follows = record.number_of(str(_request(receipt).get("follows", "")))
    with Image.open(io.BytesIO(record.read_picture(case, receipt))) as picture:
        pixels = np.asarray(picture)
    if pixels.dtype != np.uint8:
        pixels = (np.clip(pixels, 0, 65535) // 257).astype(np.uint8)
    return Shown(
        receipt=receipt,
        plan=record.read(case, number),
        place=record.read_place(case, number),
        obstacles=record.read_obstacles(case, number, ground_record.read(case)),
        earlier=plan_record.read(case) if follows is None else record.read(case, follows),
        picture=np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels[..., :3],
    )


def _request(receipt: StageSummary) -> dict[str, object]:
    asked = receipt.settings.get("request")
    return asked if isinstance(asked, dict) else {}


def _words(shown: Shown, follows: str) -> list[str]:
    plan, place = shown.plan, shown.place
    chance = (
        f"; a picture of other cortex would fit as well with chance {place.chance_probability:.2g}"
        if place.chance_probability is not None
        else ""
    )
    moved = (
        f" It lies {place.moved_mm:.2f} mm and {np.rad2deg(place.turned_rad or 0):.1f} degrees from its "
        "stated pose."
        if place.moved_mm is not None
        else ""
    )
    kept = ", ".join(map(str, sorted(shown.locked)))
    zones = shown.receipt.inputs.get("given:zones")
    return [
        f"Follows {follows}, on the picture {place.image} of {place.pixel_um:g} um a pixel. It stands only "
        "when a person approves it.",
        f"{len(plan.threads)} of {plan.threads_asked} threads; value {number_of(plan.objective, 3)}, "
        f"proven at most {number_of(plan.bound, 3)} (gap {number_of(plan.gap_fraction, 5)} of it).",
        f"The picture was laid by: {place.laid_by}, with a standard deviation of "
        f"{1000 * place.error_mm:.0f} um on the plan{chance}.{moved}",
        f"The margin from vessels holds {place.own_error_um:.0f} um of the picture against the robot.",
        f"Locked threads: {kept}." if kept else "No thread was locked.",
        "The surgeon's zones were kept (their file is listed below)." if zones else "No zone was drawn.",
    ]


def _noticed(receipt: StageSummary) -> str:
    order = list(SEVERITIES)
    lines = (
        f"<li>{escape(' '.join(SEVERITIES[one.severity]))}: {escape(one.code)}. {escape(one.message)}</li>"
        for one in sorted(receipt.findings, key=lambda one: order.index(one.severity))
    )
    return "".join(lines) or "<li>Nothing.</li>"


def _made_from(receipt: StageSummary) -> str:
    return "".join(
        f"<li>{escape(name)}: <code>{digest}</code></li>" for name, digest in sorted(receipt.inputs.items())
    )


def _figure(shown: Shown) -> Figure:
    """Draw the picture with vessels as they were found, threads, and where the earlier plan had them."""
    first, size = _window(shown)
    scale = _WIDTH / size
    sheet = Drawing(
        width=_WIDTH, height=_WIDTH, alt="The picture with found vessels, entries and their order"
    )
    sheet.add(Raster(pixels=_painted(shown, first, size), x=0, y=0, width=_WIDTH, height=_WIDTH))

    def at(places_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        return (_pixels(shown.place, places_mm) - first) * scale

    entry, anchor = (at(_places(shown.plan.threads, name)) for name in ("entry_mm", "anchor_mm"))
    for start, end in zip(anchor, entry, strict=True):
        sheet.add(Path(points=_cut(start, end), stroke=PAPER, width=1.2, opacity=0.55))
    for x, y in at(_places(shown.earlier.threads, "entry_mm")):
        sheet.add(Circle(x=x, y=y, radius=5.0, stroke=HAND, width=1.6))
    for thread, (x, y) in zip(shown.plan.threads, entry, strict=True):
        fill = _LOCKED if thread.number in shown.locked else _ENTRY
        sheet.add(Circle(x=x, y=y, radius=4.2, fill=fill, stroke=INK, width=0.8))
        sheet.words(x + 5, y - 4, str(thread.order), size=9, colour=PAPER, halo=INK)
    length = 2000 / shown.place.pixel_um * scale
    sheet.scale_bar(_WIDTH - 14, _WIDTH - 14, length, "2 mm", colour=PAPER, halo=INK)
    return Figure(
        key="picture",
        caption="The picture planned on. Vermilion: vessels as they were found, which every thread keeps the "
        "margin from; paler: where no thread may go. Filled circles: entries with the order of insertion, "
        "green those that were locked; blue rings: where the earlier plan had them. Look for vessels that "
        "are not marked, and for circles on anything but bare cortex.",
        drawings=(sheet,),
    )


def _window(shown: Shown) -> tuple[NDArray[np.float64], float]:
    """Return the first (column, row) and the side of the square of the picture that shows the opening."""
    spot = _pixels(shown.place, _surface(shown.obstacles)[~shown.obstacles.outside.ravel()])
    if len(spot) == 0:
        spot = np.array([[0.0, 0.0], shown.picture.shape[1::-1]])
    middle, half = (spot.max(axis=0) + spot.min(axis=0)) / 2, float(np.ptp(spot, axis=0).max()) / 2 * _SPARE
    return middle - half, 2 * half


def _painted(shown: Shown, first: NDArray[np.float64], size: float) -> NDArray[np.uint8]:
    """Cut the square out of the picture and paint the map over it, on pixels as wide as the map's."""
    count = max(int(size * shown.place.pixel_um / 1000 / shown.obstacles.pixel_mm / 1.3), 1)
    at = (np.arange(count) + 0.5) * size / count
    rows, columns = (np.rint(first[axis] + at).astype(int) for axis in (1, 0))
    height, width = shown.picture.shape[:2]
    ground = shown.picture[np.clip(rows, 0, height - 1)][:, np.clip(columns, 0, width - 1)].astype(np.float64)
    beyond = ((rows < 0) | (rows >= height))[:, None] | ((columns < 0) | (columns >= width))[None]
    ground[beyond] = 230.0
    spot = np.floor((_pixels(shown.place, _surface(shown.obstacles)) - first) / size * count).astype(int)
    within = np.all((spot >= 0) & (spot < count), axis=1)
    for mask, colour, share in (
        (shown.obstacles.outside, PAPER, 0.45),
        (shown.obstacles.vessel, VESSEL, 0.45),
    ):
        cover = np.zeros((count, count), dtype=bool)
        column, row = spot[within & mask.ravel()].T
        cover[row, column] = True
        ground[cover] += share * (np.array(colour) - ground[cover])
    return np.clip(ground, 0, 255).astype(np.uint8)


def _surface(obstacles: Obstacles) -> NDArray[np.float64]:
    """Return every pixel of the map on the cortex, in ``scanner``; at a middle height where none is known."""
    rows, columns = np.indices(obstacles.vessel.shape)
    xy = np.column_stack([columns.ravel(), rows.ravel()]) * obstacles.pixel_mm + obstacles.origin_mm
    height = obstacles.height_mm.ravel().astype(np.float64)
    middle = float(np.nanmedian(height)) if np.isfinite(height).any() else 0.0
    flat = np.column_stack([xy, np.where(np.isfinite(height), height, middle)])
    return obstacles.scanner_from_implant(flat, frame=obstacles.scanner_from_implant.source)


def _pixels(place: PicturePlace, places_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where the picture shows places in ``scanner``: (column, row), shape (point, 2)."""
    pose = Affine(target=SCANNER, source=IMAGE, matrix=np.array(place.scanner_from_image))
    return pose.inverse()(places_mm, frame=SCANNER)[:, :2] * 1000 / place.pixel_um


def _places(threads: tuple[Thread, ...], name: str) -> NDArray[np.float64]:
    return np.array([getattr(thread, name) for thread in threads], dtype=np.float64).reshape(-1, 3)


def _cut(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cut a line off at the sheet's edge, its end being on the sheet."""
    away = start - end
    with np.errstate(divide="ignore", invalid="ignore"):
        room = np.where(away > 0, (_WIDTH - end) / away, np.where(away < 0, -end / away, np.inf))
    return np.stack([end + min(1.0, max(float(room.min()), 0.0)) * away, end])
