# SPDX-License-Identifier: Apache-2.0
"""Place the threads again on a picture taken in surgery."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage
from scipy.special import ndtri

from trephine.core.findings import Outcome
from trephine.core.frames import SCANNER
from trephine.core.progress import Progress, silent
from trephine.core.units import UM_PER_MM
from trephine.model.ground import Ground
from trephine.model.live_picture import LivePicture
from trephine.model.live_view import LiveView
from trephine.model.replan import EarlierMap, PicturePlace, PictureSite, Replan
from trephine.model.thread_plan import ThreadPlan
from trephine.model.wishes import NO_WISHES, Wishes
from trephine.stages.placement.margins import margins
from trephine.stages.placement.obstacle_map import obstacle_map
from trephine.stages.placement.picture_place import Place, known_vessels, place_of
from trephine.stages.placement.settings import Settings
from trephine.stages.placement.solve import Means, Scene, plan_on
from trephine.stages.placement.zones import forbidden


def replan(
    ground: Ground,
    picture: LivePicture,
    earlier: EarlierMap | None,
    means: Means,
    *,
    wishes: Wishes = NO_WISHES,
    progress: Progress = silent,
) -> Outcome[Replan]:
    """Lay a picture on the plan, and choose sites again on what it shows.

    Parameters
    ----------
    ground
        What the scans say of the exposed cortex.
    picture
        The frame.
    earlier
        Map of the earlier plan, where its vessels come from a picture; places are then those of the cortex
        as that picture showed it, so that locked threads stay where they are in the cortex.
    means
        Device, robot, limits and settings.
    wishes
        The surgeon's zones and locked threads.
    progress
        Told after each of five steps.

    Returns
    -------
    Outcome
        The plan, its maps, and the picture's place.

    Raises
    ------
    InputError
        If the picture has no place, shows next to nothing of the opening, or a zone lies beside the opening.
    NumericalError
        If a solver fails.

    Notes
    -----
    Two errors are kept apart. The margin from vessels holds the picture's own error against the robot. The
    plan's map, sulci and outline lie under the picture with the error of its place: the map is averaged over
    it, the sulci's margin and the rim grow by it.
    """
    settings = means.settings
    means = replace(means, settings=_quick(settings))
    progress(0, 5, "laying the picture on the plan")
    place, doubts = place_of(picture, ground, known_vessels(ground, earlier), settings)
    view = _view(picture, place, settings)
    ground = _under(ground, place.error_mm, settings)
    progress(1, 5, "finding vessels")
    obstacles, origin = obstacle_map(ground, settings, live_view=view)
    scene = Scene(
        ground=ground,
        obstacles=obstacles,
        origin=origin,
        margin=margins(means.robot, settings, live_view=view, before=ground.before),
        forbidden=forbidden(wishes.zones, ground, view.scanner_from_image) if wishes.zones else None,
        locked=wishes.locked,
    )
    planned = plan_on(scene, means, progress=progress)
    told = _told(picture, place, view, planned.value.plan)
    return Outcome(value=Replan(placement=planned.value, place=told), findings=(*doubts, *planned.findings))


def _quick(settings: Settings) -> Settings:
    """Return the settings with the efforts that surgery has time for."""
    order = settings.order.model_copy(update={"rounds": settings.frame.order_rounds})
    windows = min(settings.solver.windows, settings.frame.windows)
    solver = settings.solver.model_copy(update={"windows": windows})
    return settings.model_copy(update={"order": order, "solver": solver})


def _view(picture: LivePicture, place: Place, settings: Settings) -> LiveView:
    """Return the picture with the place and the error of its own."""
    stated, limits = picture.pose, settings.frame
    own_um = limits.own_error_um
    if stated is not None and stated.error_um <= limits.robot_pose_um:
        own_um = stated.error_um
    return LiveView(
        rgb=picture.rgb,
        pixel_um=picture.pixel_um,
        scanner_from_image=place.scanner_from_image,
        registration_error_um=own_um,
        plan_error_mm=place.error_mm,
    )


def _under(ground: Ground, error_mm: float, settings: Settings) -> Ground:
    """Average the value of a thread over the error of the picture's place, and widen the rim by it."""
    inner = ndimage.distance_transform_edt(~ground.rim) * ground.pixel_mm
    reach = -float(ndtri(settings.sulcus_miss_fraction)) * error_mm
    sd = error_mm / (ground.pixel_mm * ground.site_pixels)
    known = ~ground.rim[:: ground.site_pixels, :: ground.site_pixels]
    share = ndimage.gaussian_filter(known.astype(np.float64), sd)
    mean = ndimage.gaussian_filter(np.where(known, ground.value, 0.0).astype(np.float64), sd)
    value = np.where(known, mean / np.maximum(share, 1e-6), 0.0)
    return replace(ground, value=value, rim=ground.rim | (inner < reach))


def _told(picture: LivePicture, place: Place, view: LiveView, plan: ThreadPlan) -> PicturePlace:
    """Write down where the picture lies and where it shows every entry."""
    entry = np.array([thread.entry_mm for thread in plan.threads], dtype=np.float64).reshape(-1, 3)
    spot = view.scanner_from_image.inverse()(entry, frame=SCANNER)[:, :2] / (view.pixel_um / UM_PER_MM)
    return PicturePlace(
        image=picture.name,
        pixel_um=picture.pixel_um,
        scanner_from_image=tuple(tuple(map(float, row)) for row in place.scanner_from_image.matrix),
        laid_by=place.laid_by,
        error_mm=place.error_mm,
        own_error_um=view.registration_error_um,
        moved_mm=place.moved_mm,
        turned_rad=place.turned_rad,
        found_correlation=place.match.score if place.match else None,
        chance_probability=place.match.chance_probability if place.match else None,
        scale_off_fraction=place.fit.scale_off_fraction if place.fit else None,
        sites=tuple(
            PictureSite(number=thread.number, column_index=float(column), row_index=float(row))
            for thread, (column, row) in zip(plan.threads, spot, strict=True)
        ),
    )
