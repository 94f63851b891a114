# SPDX-License-Identifier: Apache-2.0
"""Plan again on a picture taken in surgery, reading only what that needs, and keep every plan there was."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from trephine.case import audit, lock
from trephine.case.records import ground as ground_record
from trephine.case.records import obstacles as obstacles_record
from trephine.case.records import plan as plan_record
from trephine.case.records import replan as record
from trephine.case.store import Case
from trephine.core.errors import CancelledError, ConfigError, InputError
from trephine.core.progress import Progress, silent
from trephine.core.provenance import sha256_of_json
from trephine.formats import device_file
from trephine.formats.exclusions import read_exclusions
from trephine.formats.live_picture import read_live_picture
from trephine.model.ground import Ground
from trephine.model.live_picture import LivePicture
from trephine.model.replan import EarlierMap, Replan
from trephine.model.summary import StageSummary
from trephine.model.thread_plan import Thread
from trephine.model.wishes import Wishes, Zone
from trephine.pipeline import settings as settings_of
from trephine.pipeline.choices import DeviceSettings, LimitsSettings, RobotSettings
from trephine.pipeline.replan_receipt import KINDS, Earlier, Kept, Request, given_with, written
from trephine.pipeline.run_log import RunLog, finish_failed
from trephine.pipeline.settings import Sections
from trephine.safety.reading import read_limits
from trephine.stages.placement import VERSION
from trephine.stages.placement.replan import replan
from trephine.stages.placement.settings import Settings
from trephine.stages.placement.solve import Means

OF_SCANS = (
    "pixel_mm", "candidate_pixels", "rim_mm", "crown_depth_mm", "gyrus_mm", "slope_limit_rad",
    "fluid_limit_fraction", "depth",
)  # fmt: skip
"""Settings that the kept maps were made with: another value asks for placement to be run again."""
Kind = TypeVar("Kind", bound=BaseModel)


@dataclass(frozen=True, kw_only=True, eq=False)
class Replanned:
    """The plan made again, as it was received.

    Parameters
    ----------
    stage
        Its name, such as ``replan1``.
    follows
        Name of the plan it follows.
    summary
        Its receipt.
    made
        The plan, its maps and the picture's place.
    steps_s
        How long each step took, by the clock, from the lock to the receipt on disk.
    """

    stage: str
    follows: str
    summary: StageSummary
    made: Replan
    steps_s: Mapping[str, float]


class Laps:
    """Passes progress on, notes it in the log, and measures how long each step took.

    Parameters
    ----------
    progress
        Told of every step.
    """

    def __init__(self, progress: Progress) -> None:
        self.steps_s: dict[str, float] = {}
        self.log: RunLog | None = None
        self._progress = progress
        self._label = "reading the case and the picture"
        self._start_s = time.monotonic()

    def __call__(self, done: int, total: int, label: str) -> None:
        """Close the step before and open the next."""
        now_s = time.monotonic()
        self.steps_s[self._label] = self.steps_s.get(self._label, 0.0) + now_s - self._start_s
        self._label, self._start_s = label, now_s
        if self.log is not None:
            self.log.event(kind="progress", stage="replan", done=done, total=total, label=label)
        self._progress(done, total, label)


def run(case: Case, request: Request, *, progress: Progress = silent) -> Replanned:
    """Plan again, and write the plan beside the earlier ones.

    Parameters
    ----------
    case
        The participant.
    request
        Picture and wishes.
    progress
        Told as it goes on.

    Returns
    -------
    Replanned
        The plan and its receipt. It needs a person's approval, as every plan does.

    Raises
    ------
    InputError
        If there is no plan to follow or it is not what the audit noted, or the picture, a zone or a lock is
        refused.
    StorageError
        If the disk refuses or another run goes on; every earlier plan is intact.
    CancelledError
        If the user stops it; nothing of the new plan is kept.
    """
    laps = Laps(progress)
    with lock.hold(case.path("lock"), purpose="trephine replan"):
        case.clean()
        receipt, receipts = _standing(case)
        sections = settings_of.resolve(
            KINDS, file=request.settings_file, overrides=request.overrides, base=receipt.settings
        )
        log = RunLog(case, sections)
        laps.log = log
        try:
            _check_of_scans(receipt, sections)
            done = _made(case, request, (receipt, receipts, sections), laps)
        except KeyboardInterrupt as error:
            log.finish("cancelled")
            raise CancelledError(
                "Stopped. Every earlier plan stands; nothing of this one is kept."
            ) from error
        except BaseException as error:
            finish_failed(log, error)
            raise
        log.stage(stage=done.stage, done="finished", reason="asked for", steps_s=done.steps_s)
        log.finish("done")
    return done


def _made(
    case: Case,
    request: Request,
    standing: tuple[StageSummary, dict[str, str], Sections],
    laps: Laps,
) -> Replanned:
    """Read, plan and write."""
    receipt, receipts, sections = standing
    ground = ground_record.read(case)
    earlier = _earlier(case, ground, receipt)
    given = given_with(request)
    picture = read_live_picture(request.image, scale_um=request.scale_um)
    wishes = _wishes(request, picture, ground, earlier)
    _check_unchanged(request, given)
    outcome = replan(ground, picture, earlier.map, _means(sections), wishes=wishes, progress=laps)
    laps(5, 5, "writing the plan")
    number = max(record.numbers(case), default=0) + 1
    kept = Kept(
        receipt=receipt,
        receipts=receipts,
        sections=sections,
        follows=earlier,
        given=given,
        run=laps.log.name_of_run if laps.log else None,
    )
    summary = written(case, number, request, outcome.value, outcome.findings, kept)
    laps(5, 5, "ready for approval")
    return Replanned(
        stage=record.stage_of(number),
        follows=earlier.stage,
        summary=summary,
        made=outcome.value,
        steps_s={name: round(spent_s, 3) for name, spent_s in laps.steps_s.items()},
    )


def _check_unchanged(request: Request, given: record.Given) -> None:
    """Refuse a picture that is still being written: what is kept must be what was planned on."""
    if given_with(request) != given:
        raise InputError.because(
            where=str(request.image),
            found="a picture, sidecar or file of zones that changes while it is read",
            expected="files that are complete",
            remedy="Wait until the picture is saved, then plan again.",
        )


def ready(case: Case) -> None:
    """Check that there is a plan to follow, before anybody waits for a picture.

    Raises
    ------
    InputError
        If there is none, or it is not what the audit noted.
    """
    _standing(case)


def _standing(case: Case) -> tuple[StageSummary, dict[str, str]]:
    """Return placement's receipt and the hashes that the audit noted with it, if all still are so."""
    receipt = case.receipt("placement")
    noted = [
        entry for entry in audit.read(case) if entry.act == "run finished" and entry.stage == "placement"
    ]
    if receipt is None or not noted:
        raise _not_ready(case, "no plan yet")
    receipts = dict(noted[-1].receipts)
    changed = [name for name, digest in receipts.items() if case.receipt_sha256(name) != digest]
    if changed:
        raise _not_ready(case, f"another receipt of {changed[0]} than when the plan was made")
    if receipt.stage_version != VERSION:
        raise _not_ready(case, f"a plan by version {receipt.stage_version} of the method")
    return receipt, receipts


def _not_ready(case: Case, found: str) -> InputError:
    return InputError.because(
        where=f"{case.subject}, placement",
        found=found,
        expected=f"a finished plan by version {VERSION} of the method, on the stages as they stand",
        remedy=f"Run it first: trephine run {case.study} {case.subject} --to placement",
    )


def _check_of_scans(receipt: StageSummary, sections: Sections) -> None:
    before, now = receipt.settings, settings_of.plain(sections, KINDS)
    table = before.get("placement")
    changed = [
        f"placement.{name}"
        for name in OF_SCANS
        if isinstance(table, dict) and table.get(name) != now["placement"].get(name)
    ]
    changed += [name for name in ("device",) if before.get(name) != now[name]]
    if changed:
        raise ConfigError.because(
            where=changed[0],
            found="another value than the earlier plan was made with",
            expected="the same: what the scans say was worked out with it",
            remedy="Run placement again with it before surgery, or leave it as it was.",
        )


def _earlier(case: Case, ground: Ground, receipt: StageSummary) -> Earlier:
    """Read the newest plan that was made on the present placement."""
    made_on = sha256_of_json(receipt.outputs)
    for number in reversed(record.numbers(case)):
        other = case.receipt(record.stage_of(number))
        if other is not None and other.inputs.get("placement") == made_on:
            plan = record.read(case, number)
            seen = EarlierMap(
                obstacles=record.read_obstacles(case, number, ground),
                error_mm=record.read_place(case, number).error_mm,
            )
            return Earlier(stage=other.stage, plan=plan, map=seen)
    plan = plan_record.read(case)
    first = obstacles_record.read(case) if plan.vessels_from == "live view" else None
    return Earlier(
        stage="placement", plan=plan, map=None if first is None else EarlierMap(obstacles=first, error_mm=0.0)
    )


def _wishes(request: Request, picture: LivePicture, ground: Ground, earlier: Earlier) -> Wishes:
    zones: tuple[Zone, ...] = ()
    if request.exclusions is not None:
        zones = read_exclusions(
            request.exclusions,
            image=picture.name,
            pixel_um=picture.pixel_um,
            shape=(picture.rgb.shape[0], picture.rgb.shape[1]),
            scanner_from_implant=ground.scanner_from_implant,
        )
    return Wishes(zones=zones, locked=_locked(request.locked, earlier))


def _locked(asked: tuple[int, ...], earlier: Earlier) -> tuple[Thread, ...]:
    known = {thread.number: thread for thread in earlier.plan.threads}
    for place, number in enumerate(asked):
        if number not in known or number in asked[:place]:
            raise InputError.because(
                where=f"--lock {','.join(map(str, asked))}",
                found=f"thread {number} " + ("twice" if number in known else f"that {earlier.stage} has not"),
                expected=f"numbers of its threads, {min(known, default=0)} to {max(known, default=0)}, once",
                remedy="Name threads of the plan that stands.",
            )
    return tuple(known[number] for number in sorted(asked))


def _means(sections: Sections) -> Means:
    limits = _section(sections, "limits", LimitsSettings).file
    return Means(
        device=device_file.read_device(_section(sections, "device", DeviceSettings).name),
        robot=device_file.read_robot(_section(sections, "robot", RobotSettings).name),
        limits=read_limits(Path(limits) if limits else None),
        settings=_section(sections, "placement", Settings),
    )


def _section(sections: Sections, name: str, kind: type[Kind]) -> Kind:
    return kind.model_validate(sections[name].model_dump())
