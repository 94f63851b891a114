# SPDX-License-Identifier: Apache-2.0
"""Everything that the report tells of one person, read from the case folder and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trephine.case import audit
from trephine.case.records import anatomy as anatomy_record
from trephine.case.records import angiogram as angiogram_record
from trephine.case.records import hand_map as hand_map_record
from trephine.case.records import insertion_log as insertion_record
from trephine.case.records import obstacles as obstacles_record
from trephine.case.records import opening as opening_record
from trephine.case.records import plan as plan_record
from trephine.case.records import screening as screening_record
from trephine.case.records import seat as seat_record
from trephine.case.store import Case
from trephine.core.errors import ConfigError, FormatError
from trephine.core.provenance import sha256_of_bytes, sha256_of_json
from trephine.formats.device_file import (
    device_bytes,
    power_bytes,
    read_device,
    read_power,
    read_robot,
    robot_bytes,
)
from trephine.formats.text import read_json_object
from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy, Angiogram
from trephine.model.device import Device, Robot
from trephine.model.insertion_log import InsertionLog
from trephine.model.obstacles import Obstacles
from trephine.model.opening import Opening
from trephine.model.power import PowerProfile
from trephine.model.registration import Registration
from trephine.model.screening import Screening
from trephine.model.seat import Seat
from trephine.model.summary import StageSummary
from trephine.model.thread_plan import ThreadPlan
from trephine.model.volume import Volume

STAGES = ("imaging", "mapping", "screening", "opening", "placement", "insertion", "closure")
"""In the order in which they are run."""


@dataclass(frozen=True, kw_only=True)
class Approval:
    """What a person signed.

    Parameters
    ----------
    act, stage, who, note, time
        As in the audit.
    registration
        Which of the stage's registrations it is of; empty for the stage itself.
    is_standing
        Whether every receipt it covers is still the same.
    """

    act: str
    stage: str
    who: str
    note: str
    time: str
    is_standing: bool
    registration: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Contents:
    """What is known; a stage that never finished leaves its noun absent.

    Parameters
    ----------
    subject
        With its prefix.
    study
        The study's name for itself.
    summaries
        Receipts by stage.
    outdated
        Stages made from results that have changed since.
    approvals
        In order of time.
    """

    subject: str
    study: str = ""
    summaries: dict[str, StageSummary]
    outdated: tuple[str, ...] = ()
    approvals: tuple[Approval, ...] = ()
    anatomy: Anatomy | None = None
    angiogram: Angiogram | None = None
    registrations: tuple[Registration, ...] = ()
    pictures: Mapping[str, Volume] = field(default_factory=dict)
    hand_map: HandMap | None = None
    screening: Screening | None = None
    opening: Opening | None = None
    plan: ThreadPlan | None = None
    obstacles: Obstacles | None = None
    log: InsertionLog | None = None
    seat: Seat | None = None
    device: Device | None = None
    robot: Robot | None = None
    power: PowerProfile | None = None

    @property
    def waiting(self) -> tuple[tuple[str, str], ...]:
        """Stage and name of every registration that is used and that no person has approved as it stands."""
        used = [(stage, name) for stage, summary in self.summaries.items() for name in summary.registrations]
        return tuple(each for each in used if self.word_on(*each) != "approved")

    def word_on(self, stage: str, registration: str) -> str:
        """Return what a person last said of a registration, if it still stands; otherwise nothing."""
        said = [a for a in self.approvals if (a.stage, a.registration) == (stage, registration)]
        return said[-1].act if said and said[-1].is_standing else ""

    @property
    def missing(self) -> tuple[str, ...]:
        """Stages that never finished."""
        return tuple(stage for stage in STAGES if stage not in self.summaries)


def read(case: Case) -> Contents:
    """Read a case.

    Parameters
    ----------
    case
        Whose.

    Returns
    -------
    Contents
        What its finished stages left; every file is compared with its hash on the way.

    Raises
    ------
    FormatError
        If a file is not what its sidecar says.
    InputError
        If the audit was changed.
    """
    receipts = {stage: case.receipt(stage) for stage in STAGES}
    summaries = {stage: receipt for stage, receipt in receipts.items() if receipt is not None}
    has = summaries.__contains__
    return Contents(
        subject=case.subject,
        study=_study_name(case),
        summaries=summaries,
        outdated=_outdated(summaries),
        approvals=_approvals(case),
        anatomy=anatomy_record.read(case) if has("imaging") else None,
        angiogram=angiogram_record.read(case) if has("imaging") else None,
        registrations=anatomy_record.read_registrations(case) if has("imaging") else (),
        pictures=anatomy_record.read_pictures(case) if has("imaging") else {},
        hand_map=hand_map_record.read(case) if has("mapping") else None,
        screening=screening_record.read(case) if has("screening") else None,
        opening=opening_record.read(case) if has("opening") else None,
        plan=plan_record.read(case) if has("placement") else None,
        obstacles=obstacles_record.read(case) if has("placement") else None,
        log=insertion_record.read(case) if has("insertion") else None,
        seat=seat_record.read(case) if has("closure") else None,
        device=_device(summaries),
        robot=_robot(summaries),
        power=_power(summaries),
    )


def _study_name(case: Case) -> str:
    description = read_json_object(case.study / "dataset_description.json")
    return str(description.get("Name", ""))


def _outdated(summaries: dict[str, StageSummary]) -> tuple[str, ...]:
    """Name the stages that were made from other results of an earlier stage than are there now."""
    now = {stage: sha256_of_json(summary.outputs) for stage, summary in summaries.items()}
    return tuple(
        stage
        for stage, summary in summaries.items()
        if any(name in STAGES and now.get(name) != digest for name, digest in summary.inputs.items())
    )


def _approvals(case: Case) -> tuple[Approval, ...]:
    return tuple(
        Approval(
            act=entry.act,
            stage=entry.stage,
            who=entry.who or "",
            note=entry.note or "",
            time=entry.time,
            registration=entry.registration or "",
            is_standing=all(case.receipt_sha256(stage) == digest for stage, digest in entry.receipts.items()),
        )
        for entry in audit.read(case)
        if entry.act in ("approved", "rejected")
    )


def _device(summaries: dict[str, StageSummary]) -> Device | None:
    """Read the device's file again; absent when it is gone or has changed since, as a user's own file may."""
    name, noted = _named(summaries, "device", ("opening", "screening", "placement"))
    try:
        is_same = bool(name) and sha256_of_bytes(device_bytes(name)) == noted
        return read_device(name) if is_same else None
    except (ConfigError, FormatError):
        return None


def _robot(summaries: dict[str, StageSummary]) -> Robot | None:
    """Read the robot's file again; absent as for the device."""
    name, noted = _named(summaries, "robot", ("placement", "insertion"))
    try:
        is_same = bool(name) and sha256_of_bytes(robot_bytes(name)) == noted
        return read_robot(name) if is_same else None
    except (ConfigError, FormatError):
        return None


def _power(summaries: dict[str, StageSummary]) -> PowerProfile | None:
    """Read the power profile's file again; absent as for the device."""
    name, noted = _named(summaries, "power", ("closure",))
    try:
        is_same = bool(name) and sha256_of_bytes(power_bytes(name)) == noted
        return read_power(name) if is_same else None
    except (ConfigError, FormatError):
        return None


def _named(summaries: dict[str, StageSummary], section: str, stages: tuple[str, ...]) -> tuple[str, str]:
    """Return the name that settings give a device, robot or profile, and the hash that its file had."""
    for stage in stages:
        values = summaries[stage].settings.get(section) if stage in summaries else None
        if isinstance(values, dict) and isinstance(values.get("name"), str):
            return values["name"], summaries[stage].inputs.get(f"trephine:{section}", "")
    return "", ""
