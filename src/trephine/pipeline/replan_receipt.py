# SPDX-License-Identifier: Apache-2.0
"""What a plan made again in surgery is asked for, and how it is written: everything it came from, by hash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel

from trephine.case import audit
from trephine.case.records import replan as record
from trephine.case.store import Case, Writer
from trephine.core.findings import Finding
from trephine.core.provenance import sha256_of_bytes, sha256_of_json
from trephine.formats.content import read_bytes
from trephine.model.replan import EarlierMap, Replan
from trephine.model.summary import Headline, StageSummary
from trephine.model.thread_plan import ThreadPlan
from trephine.pipeline import settings as settings_of
from trephine.pipeline.choices import DeviceSettings, LimitsSettings, RobotSettings
from trephine.pipeline.settings import Sections
from trephine.stages.placement import VERSION
from trephine.stages.placement.headlines import headlines
from trephine.stages.placement.settings import Settings

KINDS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {"placement": Settings, "limits": LimitsSettings, "device": DeviceSettings, "robot": RobotSettings}
)


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
class Earlier:
    """The plan that stands, and its map where that comes from a picture."""

    stage: str
    plan: ThreadPlan
    map: EarlierMap | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Kept:
    """What a receipt must say of where a plan comes from."""

    receipt: StageSummary
    receipts: dict[str, str]
    sections: Sections
    follows: Earlier
    given: record.Given
    run: str | None


def written(
    case: Case,
    number: int,
    request: Request,
    made: Replan,
    found: Iterable[Finding],
    kept: Kept,
) -> StageSummary:
    """Write everything, the receipt last, after its line in the audit."""
    stage, findings, given = record.stage_of(number), tuple(found), kept.given
    values: dict[str, Any] = settings_of.plain(kept.sections, KINDS) | {"request": _asked(request, kept)}
    writer = Writer(
        case=case,
        stage=stage,
        stage_version=VERSION,
        settings_sha256=settings_of.digest(values),
        inputs=_inputs(kept),
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
    audit.append(case, audit.Note(act="run finished", stage=stage, run=kept.run, receipts=receipts))
    writer.commit()
    return summary


def given_with(request: Request) -> record.Given:
    """Read the bytes of everything that comes with a request."""
    sidecar = request.image.with_suffix(".json")
    files = {"sidecar": sidecar if sidecar.is_file() else None, "zones": request.exclusions}
    return record.Given(
        picture=read_bytes(request.image),
        ending=request.image.suffix.lower().removeprefix("."),
        json_files={what: read_bytes(path) for what, path in files.items() if path is not None},
    )


def _asked(request: Request, kept: Kept) -> dict[str, Any]:
    return {
        "image": request.image.name,
        "scale_um": request.scale_um,
        "locked": list(request.locked),
        "follows": kept.follows.stage,
    }


def _inputs(kept: Kept) -> dict[str, str]:
    """Hash everything that the plan was made from."""
    given = kept.given
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
