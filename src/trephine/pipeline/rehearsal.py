# SPDX-License-Identifier: Apache-2.0
"""Rehearse the insertion of a plan that was made again in surgery."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel

from trephine.case import audit, lock
from trephine.case.records import ground as ground_record
from trephine.case.records import insertion_log
from trephine.case.records import replan as record
from trephine.case.store import Case, Writer
from trephine.core.errors import CancelledError
from trephine.core.findings import Outcome
from trephine.core.progress import Progress, silent
from trephine.core.provenance import sha256_of_bytes, sha256_of_json
from trephine.formats import device_file
from trephine.model.insertion_log import InsertionLog
from trephine.model.summary import StageSummary
from trephine.phantom.motion import MotionSettings
from trephine.pipeline import settings as settings_of
from trephine.pipeline.choices import DeviceSettings, RobotSettings
from trephine.pipeline.run_log import RunLog, finish_failed
from trephine.pipeline.settings import Sections
from trephine.stages.insertion import VERSION
from trephine.stages.insertion.settings import Settings

KINDS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {"insertion": Settings, "motion": MotionSettings, "device": DeviceSettings, "robot": RobotSettings}
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rehearsed:
    """A rehearsal with its receipt."""

    log: InsertionLog
    summary: StageSummary


def rehearse(
    case: Case,
    number: int,
    *,
    file: Path | None = None,
    overrides: Iterable[str] = (),
    progress: Progress = silent,
) -> Rehearsed:
    """Rehearse a plan made again, with the device and robot that it was made for.

    Parameters
    ----------
    case
        The participant.
    number
        Of the plan.
    file, overrides
        Other settings of insertion and motion.
    progress
        Told as it goes on.

    Returns
    -------
    Rehearsed
        The log, all simulated. It falls when the plan changes; the plan's approval is not touched by it.

    Raises
    ------
    InputError
        If there is no such plan, or a result is not what its receipt says.
    StorageError
        If the disk refuses or another run goes on.
    CancelledError
        If the user stops it.
    """
    with lock.hold(case.path("lock"), purpose="trephine rehearse"):
        case.clean()
        receipt = record.read_receipt(case, number)
        base = {name: receipt.settings[name] for name in ("device", "robot")}
        sections = settings_of.resolve(KINDS, file=file, overrides=overrides, base=base)
        log = RunLog(case, sections)
        try:
            outcome = _run(case, number, sections, progress)
            summary = _written(case, number, receipt, outcome, (sections, log.name_of_run))
        except KeyboardInterrupt as error:
            log.finish("cancelled")
            raise CancelledError("Stopped. Nothing of this rehearsal is kept.") from error
        except BaseException as error:
            finish_failed(log, error)
            raise
        log.stage(stage=summary.stage, done="finished", reason="asked for")
        log.finish("done")
    return Rehearsed(log=outcome.value, summary=summary)


def _run(case: Case, number: int, sections: Sections, progress: Progress) -> Outcome[InsertionLog]:
    from trephine.phantom.motion import brain_motion
    from trephine.stages.insertion.run import run

    settings = Settings.model_validate(sections["insertion"].model_dump())
    motion = MotionSettings.model_validate(sections["motion"].model_dump())
    return run(
        record.read(case, number),
        record.read_obstacles(case, number, ground_record.read(case)),
        device_file.read_device(_named(sections, "device")),
        device_file.read_robot(_named(sections, "robot")),
        brain_motion(settings.seed, motion, settings.motion_duration_s),
        settings=settings,
        progress=progress,
    )


def _named(sections: Sections, section: str) -> str:
    return str(sections[section].model_dump()["name"])


def _written(
    case: Case,
    number: int,
    plan: StageSummary,
    outcome: Outcome[InsertionLog],
    how: tuple[Sections, str],
) -> StageSummary:
    """Write the log, its line in the audit, and the receipt last."""
    from trephine.stages.insertion.headlines import headlines

    sections, run = how
    stage, values = record.rehearsal_of(number), settings_of.plain(sections, KINDS)
    inputs = {
        "trephine:device": sha256_of_bytes(device_file.device_bytes(_named(sections, "device"))),
        "trephine:robot": sha256_of_bytes(device_file.robot_bytes(_named(sections, "robot"))),
        plan.stage: sha256_of_json(plan.outputs),
    }
    writer = Writer(
        case=case,
        stage=stage,
        stage_version=VERSION,
        settings_sha256=settings_of.digest(values),
        inputs=inputs,
        findings=tuple(dict.fromkeys(finding.code for finding in outcome.findings)),
    )
    insertion_log.write_of_replan(outcome.value, writer, number)
    summary = StageSummary(
        stage=stage,
        stage_version=VERSION,
        settings=values,
        settings_sha256=writer.settings_sha256,
        inputs=inputs,
        outputs=dict(sorted(writer.outputs.items())),
        headlines=headlines(outcome.value),
        findings=outcome.findings,
    )
    receipts = {plan.stage: case.receipt_sha256(plan.stage) or "", stage: writer.prepare(summary)}
    audit.append(case, audit.Note(act="run finished", stage=stage, run=run, receipts=receipts))
    writer.commit()
    return summary
