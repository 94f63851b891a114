# SPDX-License-Identifier: Apache-2.0
"""Plan again on a picture taken in surgery, reading only what that needs, and keep every plan there was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel

from trephine.case import audit, lock
from trephine.case.records import ground as ground_record
from trephine.case.records import obstacles as obstacles_record
from trephine.case.records import plan as plan_record
from trephine.case.records import replan as record
from trephine.case.store import Case, Writer
from trephine.core.errors import ConfigError, InputError
from trephine.core.findings import Finding
from trephine.core.progress import Progress, silent
from trephine.core.provenance import sha256_of_bytes, sha256_of_json
from trephine.formats import device_file
from trephine.formats.content import read_bytes
from trephine.formats.exclusions import read_exclusions
from trephine.formats.live_picture import read_live_picture
from trephine.model.ground import Ground
from trephine.model.live_picture import LivePicture
from trephine.model.obstacles import Obstacles
from trephine.model.replan import Replan
from trephine.model.summary import Headline, StageSummary
from trephine.model.thread_plan import Thread, ThreadPlan
from trephine.model.wishes import Wishes, Zone
from trephine.pipeline import settings as settings_of
from trephine.pipeline.choices import DeviceSettings, LimitsSettings, RobotSettings
from trephine.pipeline.settings import Sections
from trephine.safety.reading import read_limits
from trephine.stages.placement import VERSION
from trephine.stages.placement.headlines import headlines
from trephine.stages.placement.replan import replan
from trephine.stages.placement.settings import Settings
from trephine.stages.placement.solve import Means

KINDS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {"placement": Settings, "limits": LimitsSettings, "device": DeviceSettings, "robot": RobotSettings}
)
OF_SCANS = (
    "pixel_mm", "candidate_pixels", "rim_mm", "crown_depth_mm", "gyrus_mm", "slope_limit_rad",
    "fluid_limit_fraction", "depth",
)  # fmt: skip
"""Settings that the kept maps were made with: another value asks for placement to be run again."""
Kind = TypeVar("Kind", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to plan again on.

    Parameters
    ----------
    image
        The picture.
    scale_um
        Edge of its pixels, where its sidecar does not say.
    exclusions
        File of the surgeon's zones.
    locked
        Numbers of the earlier plan's threads that stay.
    settings_file, overrides
        What differs from the settings that the earlier plan was made with.
    """

    image: Path
    scale_um: float | None = None
    exclusions: Path | None = None
    locked: tuple[int, ...] = ()
    settings_file: Path | None = None
    overrides: tuple[str, ...] = ()


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
    """

    stage: str
    follows: str
    summary: StageSummary
    made: Replan


@dataclass(frozen=True, kw_only=True, eq=False)
class _Earlier:
    """The plan that stands, and its map where that comes from a picture."""

    stage: str
    plan: ThreadPlan
    obstacles: Obstacles | None


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
    """
    with lock.hold(case.path("lock"), purpose="trephine replan"):
        case.clean()
        receipt, receipts = _standing(case)
        sections = settings_of.resolve(
            KINDS, file=request.settings_file, overrides=request.overrides, base=receipt.settings
        )
        _check_of_scans(receipt, sections)
        ground = ground_record.read(case)
        earlier = _earlier(case, ground, receipt)
        picture = read_live_picture(request.image, scale_um=request.scale_um)
        wishes = _wishes(request, picture, ground, earlier)
        outcome = replan(
            ground, picture, earlier.obstacles, _means(sections), wishes=wishes, progress=progress
        )
        number = max(record.numbers(case), default=0) + 1
        kept = _Kept(receipt=receipt, receipts=receipts, sections=sections, follows=earlier)
        summary = _written(case, number, request, outcome.value, outcome.findings, kept)
    return Replanned(
        stage=record.stage_of(number), follows=earlier.stage, summary=summary, made=outcome.value
    )


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


def _earlier(case: Case, ground: Ground, receipt: StageSummary) -> _Earlier:
    """Read the newest plan that was made on the present placement."""
    made_on = sha256_of_json(receipt.outputs)
    for number in reversed(record.numbers(case)):
        other = case.receipt(record.stage_of(number))
        if other is not None and other.inputs.get("placement") == made_on:
            plan = record.read(case, number)
            return _Earlier(
                stage=other.stage, plan=plan, obstacles=record.read_obstacles(case, number, ground)
            )
    plan = plan_record.read(case)
    seen = obstacles_record.read(case) if plan.vessels_from == "live view" else None
    return _Earlier(stage="placement", plan=plan, obstacles=seen)


def _wishes(request: Request, picture: LivePicture, ground: Ground, earlier: _Earlier) -> Wishes:
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


def _locked(asked: tuple[int, ...], earlier: _Earlier) -> tuple[Thread, ...]:
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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Kept:
    """What a receipt must say of where a plan comes from."""

    receipt: StageSummary
    receipts: dict[str, str]
    sections: Sections
    follows: _Earlier


def _written(
    case: Case,
    number: int,
    request: Request,
    made: Replan,
    found: Iterable[Finding],
    kept: _Kept,
) -> StageSummary:
    """Write everything, the receipt last, after its line in the audit."""
    stage, findings, given = record.stage_of(number), tuple(found), _given(request)
    values: dict[str, Any] = settings_of.plain(kept.sections, KINDS) | {"request": _asked(request, kept)}
    writer = Writer(
        case=case,
        stage=stage,
        stage_version=VERSION,
        settings_sha256=settings_of.digest(values),
        inputs=_inputs(given, kept),
        findings=tuple(dict.fromkeys(finding.code for finding in findings)),
    )
    record.write(made, given, writer, number)
    summary = StageSummary(
        stage=stage,
        stage_version=VERSION,
        settings=values,
        settings_sha256=writer.settings_sha256,
        inputs=dict(writer.inputs),
        outputs=dict(sorted(writer.outputs.items())),
        headlines=(*headlines(made.placement), *_place_lines(made)),
        findings=findings,
    )
    receipts = kept.receipts | {stage: writer.prepare(summary)}
    audit.append(case, audit.Note(act="run finished", stage=stage, run=None, receipts=receipts))
    writer.commit()
    return summary


def _given(request: Request) -> record.Given:
    sidecar = request.image.with_suffix(".json")
    files = {"sidecar": sidecar if sidecar.is_file() else None, "zones": request.exclusions}
    return record.Given(
        picture=read_bytes(request.image),
        ending=request.image.suffix.lower().removeprefix("."),
        json_files={what: read_bytes(path) for what, path in files.items() if path is not None},
    )


def _asked(request: Request, kept: _Kept) -> dict[str, Any]:
    return {
        "image": request.image.name,
        "scale_um": request.scale_um,
        "locked": list(request.locked),
        "follows": kept.follows.stage,
    }


def _inputs(given: record.Given, kept: _Kept) -> dict[str, str]:
    """Hash everything that the plan was made from."""
    of_placement = {
        name: digest for name, digest in kept.receipt.inputs.items() if name.startswith("trephine:")
    }
    follows = sha256_of_json(kept.follows.plan.model_dump(mode="json"))
    return {
        **of_placement,
        **{f"given:{what}": sha256_of_bytes(data) for what, data in given.json_files.items()},
        "given:picture": sha256_of_bytes(given.picture),
        "given:earlier plan": follows,
        "placement": sha256_of_json(kept.receipt.outputs),
    }


def _place_lines(made: Replan) -> tuple[Headline, ...]:
    place = made.place
    return (
        Headline(
            name="picture.laid_by", value=place.laid_by, unit="word", label="Picture laid on the plan by"
        ),
        Headline(name="picture.error", value=place.error_mm, unit="mm", label="Error of its place, one axis"),
        Headline(name="picture.moved", value=place.moved_mm, unit="mm", label="Moved from its stated pose"),
    )
