"""The steps of imaging and mapping as plain ANTs calls, timed; run by a Python that has antspyx.

``python ants_imaging.py JOB.json`` reads the paths of the scans and prints one JSON object of seconds, by the
clock and (under ``cpu``) of the processor.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import ants

COARSE_MM = 3.0
"""Voxel of the template fit in the fast setting: that of trephine's own fit."""
Done = TypeVar("Done")


class Seconds:
    """Seconds by step: by the clock, and of the processor."""

    def __init__(self) -> None:
        self.clock: dict[str, float] = {}
        self.cpu: dict[str, float] = {}


def timed(seconds: Seconds, name: str, work: Callable[[], Done], times: float = 1.0) -> Done:
    """Do a step, note how long it took (or would take, done so many times over), and say so on stderr."""
    start, cpu_start = time.perf_counter(), time.process_time()
    done = work()
    seconds.clock[name] = times * (time.perf_counter() - start)
    seconds.cpu[name] = times * (time.process_time() - cpu_start)
    print(f"  {name}: {seconds.clock[name]:.1f} s", file=sys.stderr, flush=True)
    return done


def heads(job: dict[str, Any], *, is_fast: bool) -> Seconds:
    """Time shading, template fit with brain extraction, and tissue, on the T1."""
    seconds = Seconds()
    t1, template = ants.image_read(job["t1"]), ants.image_read(job["template"])
    brain = ants.image_read(job["template_brain"])
    even = timed(
        seconds,
        "shading",
        lambda: (
            ants.n4_bias_field_correction(
                t1, shrink_factor=6, convergence={"iters": [30, 30, 20], "tol": 1e-6}
            )
            if is_fast
            else ants.n4_bias_field_correction(t1)
        ),
    )

    def extracted() -> ants.ANTsImage:
        fixed, moving = template, even
        if is_fast:
            fixed, moving = (ants.resample_image(image, (COARSE_MM,) * 3) for image in (template, even))
        fit = ants.registration(fixed, moving, type_of_transform="SyN")
        return ants.apply_transforms(
            even, brain, fit["invtransforms"], interpolator="nearestNeighbor", whichtoinvert=[True, False]
        )

    mask = timed(seconds, "template", extracted)
    sweeps = 3 if is_fast else 5
    timed(
        seconds,
        "tissue",
        lambda: ants.atropos(a=even, x=mask, i="Kmeans[3]", m="[0.2,1x1x1]", c=f"[{sweeps},0]"),
    )
    runs(seconds, job, even, is_fast=is_fast)
    return seconds


def runs(seconds: Seconds, job: dict[str, Any], t1: ants.ANTsImage, *, is_fast: bool) -> None:
    """Time head motion and registration of the BOLD run, and the angiogram where there is one."""
    kind = "QuickRigid" if is_fast else "BOLDRigid"
    bold = ants.image_read(job["bold"])
    count = bold.shape[3]
    used = min(count, job["volumes"])
    part = bold if used == count else ants.from_numpy(bold.numpy()[..., :used])
    if used != count:
        part.set_spacing(bold.spacing)
        part.set_origin(bold.origin)
        part.set_direction(bold.direction)
    mean = ants.get_average_of_timeseries(part)
    # Every volume is fitted on its own to one image, so time is proportional to their number.
    timed(
        seconds,
        "motion",
        lambda: ants.motion_correction(part, fixed=mean, type_of_transform=kind),
        times=count / used,
    )
    rigid = "QuickRigid" if is_fast else "Rigid"
    timed(seconds, "bold_to_t1", lambda: ants.registration(t1, mean, type_of_transform=rigid))
    if job.get("angio"):
        angio = ants.image_read(job["angio"])

        def vessels() -> object:
            ants.registration(t1, angio, type_of_transform=rigid)
            return ants.hessian_objectness(angio)

        timed(seconds, "vessels", vessels)


def main() -> None:
    """Time every setting that is asked for."""
    job = json.loads(Path(sys.argv[1]).read_text())
    told: dict[str, Any] = {
        "version": ants.__version__,
        "threads": os.environ.get("ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS", "all"),
        "cpu": {},
    }
    for setting in job["settings"]:
        print(f"ANTs, {setting}", file=sys.stderr, flush=True)
        seconds = heads(job, is_fast=setting == "fast")
        told[setting], told["cpu"][setting] = seconds.clock, seconds.cpu
    print(json.dumps(told))


if __name__ == "__main__":
    main()
