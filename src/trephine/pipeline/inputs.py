# SPDX-License-Identifier: Apache-2.0
"""What every stage reads: outside files through ``formats``, earlier results through ``case``.

Each thing is read when first asked for and then kept for the run. Results are named after their stage, so
that they are forgotten when the stage runs again.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from trephine.case.records import anatomy as anatomy_record
from trephine.case.records import angiogram as angiogram_record
from trephine.case.records import hand_map as hand_map_record
from trephine.case.records import obstacles as obstacles_record
from trephine.case.records import opening as opening_record
from trephine.case.records import plan as plan_record
from trephine.core.errors import InternalError
from trephine.core.provenance import sha256_of_bytes, sha256_of_json
from trephine.formats import device_file
from trephine.formats.inputs import read_inputs
from trephine.formats.live_view import read_live_view
from trephine.formats.participants import read_participant
from trephine.model.activation import HandMap
from trephine.model.anatomy import Anatomy, Angiogram
from trephine.model.device import Device, Robot
from trephine.model.live_view import LiveView
from trephine.model.obstacles import Obstacles
from trephine.model.opening import Opening
from trephine.model.participant import Participant
from trephine.model.power import PowerProfile
from trephine.model.registration import Registration
from trephine.model.thread_plan import ThreadPlan
from trephine.pipeline.choices import DeviceSettings, PowerSettings, RobotSettings
from trephine.pipeline.step import Workspace
from trephine.safety.reading import read_limits, read_rules
from trephine.safety.rules import Limits, Rules


class InputSettings(BaseModel):
    """Which scans of the study are used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    t1w: str | None = Field(
        default=None, description="File name of the planning T1, needed when there are several."
    )

    t2w: str | None = Field(
        default=None, description="File name of the T2-weighted scan, needed when there are several."
    )
    pdw: str | None = Field(
        default=None, description="File name of the proton-density scan, needed when there are several."
    )
    swi: str | None = Field(
        default=None,
        description="File name of the susceptibility-weighted scan, needed when there are several.",
    )
    cet1w: str | None = Field(
        default=None,
        description="File name of the T1-weighted scan with contrast agent, needed when there are several.",
    )
    angio: str | None = Field(
        default=None, description="File name of the MR angiography, needed when there are several."
    )
    cta: str | None = Field(
        default=None, description="File name of the CT angiography, needed when there are several."
    )
    ct: str | None = Field(default=None, description="File name of the CT, needed when there are several.")


class RulesSettings(BaseModel):
    """Which screening rules are held against the person."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str | None = Field(
        default=None, description="Path of a team's own rules; the packaged ones when left out."
    )


def limits(workspace: Workspace) -> Limits:
    """Read the published limits."""
    file = getattr(workspace.sections["limits"], "file", None)
    return workspace.once("limits", lambda: read_limits(Path(file) if file else None))


def limits_hash(workspace: Workspace) -> dict[str, str]:
    """Hash the published limits by what they say."""
    return {"trephine:limits": sha256_of_json(limits(workspace).model_dump(mode="json"))}


def rules(workspace: Workspace) -> Rules:
    """Read the screening rules."""
    file = getattr(workspace.sections["rules"], "file", None)
    return workspace.once("rules", lambda: read_rules(Path(file) if file else None))


def rules_hash(workspace: Workspace) -> dict[str, str]:
    """Hash the screening rules by what they say."""
    return {"trephine:rules": sha256_of_json(rules(workspace).model_dump(mode="json"))}


def _chosen(workspace: Workspace, section: str) -> str:
    settings = workspace.sections[section]
    if not isinstance(settings, DeviceSettings | PowerSettings | RobotSettings):
        raise InternalError.because(
            where=f"section {section}",
            found=type(settings).__name__,
            expected="the settings that name a device, power profile or robot",
            remedy="This is a fault of trephine; please report it.",
        )
    return settings.name


def device(workspace: Workspace) -> Device:
    """Read the implant."""
    return workspace.once("device", lambda: device_file.read_device(_chosen(workspace, "device")))


def power(workspace: Workspace) -> PowerProfile:
    """Read what the implant is taken to draw."""
    return workspace.once("power", lambda: device_file.read_power(_chosen(workspace, "power")))


def power_hash(workspace: Workspace) -> dict[str, str]:
    """Hash the power profile's file."""
    name = _chosen(workspace, "power")
    return {"trephine:power": sha256_of_bytes(device_file.power_bytes(name))}


def robot(workspace: Workspace) -> Robot:
    """Read the robot."""
    return workspace.once("robot", lambda: device_file.read_robot(_chosen(workspace, "robot")))


def device_hash(workspace: Workspace) -> dict[str, str]:
    """Hash the implant's file."""
    name = _chosen(workspace, "device")
    return {"trephine:device": sha256_of_bytes(device_file.device_bytes(name))}


def robot_hash(workspace: Workspace) -> dict[str, str]:
    """Hash the robot's file."""
    name = _chosen(workspace, "robot")
    return {"trephine:robot": sha256_of_bytes(device_file.robot_bytes(name))}


def check(workspace: Workspace) -> None:
    """Read everything that comes from outside once: a fault found late would cost the user minutes."""
    read_inputs(workspace.files, named=hand_names(workspace))
    device(workspace)
    robot(workspace)
    power(workspace)


def hand_names(workspace: Workspace) -> frozenset[str]:
    """Return the trial types that the settings say are a hand's, whatever their names."""
    said = getattr(workspace.sections.get("mapping"), "trial_types", {})
    return frozenset(name for name, condition in said.items() if condition in ("right", "left", "both"))


def participant(workspace: Workspace) -> Participant:
    """Read what the study says of the person."""
    files = workspace.files
    asked = frozenset(rule.id for rule in rules(workspace).rules if rule.kind == "answer")
    return workspace.once(
        "participant", lambda: read_participant(files.participants, files.label, asked=asked)
    )


def participant_hash(workspace: Workspace) -> dict[str, str]:
    """Hash this person's answers alone, so that another person's row changes nothing here."""
    return {"bids::participants.tsv": sha256_of_json(participant(workspace).model_dump(mode="json"))}


def live_view(workspace: Workspace) -> LiveView | None:
    """Read the live view, where the study has one."""
    files = workspace.files.live_view
    return read_live_view(files.image, files.sidecar) if files else None


def live_view_hash(workspace: Workspace) -> dict[str, str]:
    """Hash the live view and its sidecar."""
    files = workspace.files.live_view
    return workspace.hashes(files.image, files.sidecar) if files else {}


def anatomy(workspace: Workspace) -> Anatomy:
    """Read the anatomy back."""
    return workspace.once("imaging.anatomy", lambda: anatomy_record.read(workspace.case))


def angiogram(workspace: Workspace) -> Angiogram | None:
    """Read the vessels back, where there was an angiogram."""
    return workspace.once("imaging.angiogram", lambda: angiogram_record.read(workspace.case))


def registrations(workspace: Workspace) -> tuple[Registration, ...]:
    """Read back how every other scan was laid on the planning T1."""
    return workspace.once("imaging.registrations", lambda: anatomy_record.read_registrations(workspace.case))


def noticed(workspace: Workspace, stage: str) -> frozenset[str]:
    """Return the codes of what a finished stage noticed."""
    receipt = workspace.case.receipt(stage)
    return frozenset(finding.code for finding in receipt.findings) if receipt else frozenset()


def hand_map(workspace: Workspace) -> HandMap:
    """Read the hand map back."""
    return workspace.once("mapping.hand_map", lambda: hand_map_record.read(workspace.case))


def opening(workspace: Workspace) -> Opening:
    """Read the opening back."""
    return workspace.once("opening.opening", lambda: opening_record.read(workspace.case))


def plan(workspace: Workspace) -> ThreadPlan:
    """Read the thread plan back."""
    return workspace.once("placement.plan", lambda: plan_record.read(workspace.case))


def obstacles(workspace: Workspace) -> Obstacles:
    """Read the map of obstacles back."""
    return workspace.once("placement.obstacles", lambda: obstacles_record.read(workspace.case))
