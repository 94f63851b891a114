# SPDX-License-Identifier: Apache-2.0
"""A plan made again on a picture taken in surgery, and where that picture was found to lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from trephine.model.obstacles import Obstacles, PlacementResult

Reference = Literal["stated pose", "earlier picture", "vessels seen before surgery"]


class PictureSite(BaseModel):
    """Where a thread enters, as the picture shows it: pixels from the centre of the first one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    column_index: float
    row_index: float


class PicturePlace(BaseModel):
    """Where a picture lies over the plan.

    Parameters
    ----------
    schema_version
        Version of this layout.
    image
        File name of the picture.
    pixel_um
        Edge of a pixel on the cortex.
    scanner_from_image
        Pose of the image plane that the plan was made with, four rows of four, mm.
    laid_by
        What that pose comes from.
    error_mm
        Standard deviation, one axis, of the plan's map, sulci and outline under the picture.
    own_error_um
        Standard deviation of picture against robot, which the margin from vessels holds.
    moved_mm, turned_rad
        From the stated pose to the one used; absent without a stated pose.
    found_correlation
        Between the vessels of picture and reference, -1 to 1; absent when the pose was not looked for.
    chance_probability
        That a picture of other cortex would fit as well.
    scale_off_fraction
        How much larger the picture's scale seems than stated.
    sites
        Entries in pixels of the picture: where the robot aims when it works in this picture.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    image: str
    pixel_um: float
    scanner_from_image: tuple[tuple[float, float, float, float], ...]
    laid_by: Reference
    error_mm: float
    own_error_um: float
    moved_mm: float | None = None
    turned_rad: float | None = None
    found_correlation: float | None = None
    chance_probability: float | None = None
    scale_off_fraction: float | None = None
    sites: tuple[PictureSite, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Replan:
    """What planning again hands on: the plan with its maps, and the place of the picture."""

    placement: PlacementResult
    place: PicturePlace


@dataclass(frozen=True, kw_only=True, eq=False)
class EarlierMap:
    """What an earlier picture showed, which a new one is laid on.

    Parameters
    ----------
    obstacles
        Its vessels and what it hid.
    error_mm
        Standard deviation, one axis, of that picture on the plan: it adds to that of a picture laid on it.
    """

    obstacles: Obstacles
    error_mm: float
