# SPDX-License-Identifier: Apache-2.0
"""Tables of what was assumed, and of what everything was made from."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from trephine.core.sourced import ASSUMED, Sourced
from trephine.report.contents import STAGES, Contents
from trephine.report.table import Table
from trephine.report.words import number, with_unit


def assumed(contents: Contents) -> Table | None:
    """List every number that came from us and not from a source."""
    rows = (
        [("Anatomy", "Skull", "estimated from the T1, as there is no CT", "")] if _has_no_ct(contents) else []
    )
    if contents.plan and contents.plan.vessels_from == "nothing":
        rows.append(
            ("Placement", "Vessels", "none known; the plan must be solved again from the live image", "")
        )
    for where, part in (
        ("Device", contents.device),
        ("Robot", contents.robot),
        ("Power", contents.power),
    ):
        if part is not None:
            rows += [
                (where, name, with_unit(entry.value, entry.unit), entry.note)
                for name, entry in _sourced(part)
                if entry.source == ASSUMED
            ]
    if contents.screening:
        rows += [
            ("Screening", verdict.question, f"limit {with_unit(verdict.limit, verdict.unit)}", "")
            for verdict in contents.screening.verdicts
            if verdict.source == ASSUMED and verdict.limit is not None
        ]
    if contents.log:
        rows += [
            ("Rehearsal", entry.name, f"{number(entry.sd_um)} \u00b5m SD on one axis", "")
            for entry in contents.log.error_sources
            if entry.source == ASSUMED
        ]
    return Table(
        key="assumed",
        title=f"Assumptions ({len(rows)})",
        columns=(("Where", "text"), ("What", "text"), ("Taken as", "text"), ("Why it matters", "text")),
        rows=tuple(rows),
        note="Settings of each stage, with their defaults, are listed under Provenance.",
    )


def _has_no_ct(contents: Contents) -> bool:
    return contents.anatomy is not None and not contents.anatomy.has_ct


def _sourced(part: BaseModel, prefix: str = "") -> Iterator[tuple[str, Sourced]]:
    """Walk every sourced number of a device, robot or power profile."""
    for name in type(part).model_fields:
        value = getattr(part, name)
        words = f"{prefix}{name}".replace("_", " ")
        if isinstance(value, Sourced):
            stem, _, last = words.rpartition(" ")
            yield (stem if last == value.unit and stem else words), value
        elif isinstance(value, BaseModel):
            yield from _sourced(value, f"{words}: ")
        elif isinstance(value, tuple):
            for entry in value:
                yield from _sourced(entry, f"{words}, {entry.name}: ")


def cited(contents: Contents) -> list[str]:
    """Return every citation key that the report shows."""
    keys = [f.source or "" for summary in contents.summaries.values() for f in summary.findings]
    keys += [v.source for v in contents.screening.verdicts] if contents.screening else []
    keys += [e.source for e in contents.log.error_sources] if contents.log else []
    for part in (contents.device, contents.robot, contents.power):
        keys += [entry.source for _, entry in _sourced(part)] if part is not None else []
    return keys


def approvals(contents: Contents) -> Table | None:
    """List what people signed, and whether it still stands."""
    if not contents.approvals:
        return None
    rows = tuple(
        (
            a.act,
            a.stage + (f", registration {a.registration}" if a.registration else ""),
            a.who,
            a.time,
            "stands" if a.is_standing else "void: something it covers has changed",
            a.note,
        )
        for a in contents.approvals
    )
    names = ("Act", "Stage", "Who", "When (UTC)", "State", "Note")
    return Table(key="approvals", title="Approvals", columns=tuple((n, "text") for n in names), rows=rows)


def stages(contents: Contents) -> Table | None:
    """List every stage with its version and the hash of its settings."""
    rows = []
    for stage in STAGES:
        summary = contents.summaries.get(stage)
        if summary is None:
            rows.append((stage, "not done", "", "", ""))
            continue
        state = "made from results that have changed since" if stage in contents.outdated else "done"
        seeds = ", ".join(f"{name} = {value}" for name, value in _seeds(summary.settings))
        rows.append((stage, state, summary.stage_version, summary.settings_sha256[:16], seeds))
    return Table(
        key="stages",
        title="Stages",
        columns=(
            ("Stage", "text"),
            ("State", "text"),
            ("Version", "text"),
            ("Settings, SHA-256", "code"),
            ("Seeds", "code"),
        ),
        rows=tuple(rows),
        note="Hashes are cut to 16 of 64 digits here; the receipts hold them whole.",
    )


def _seeds(values: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in _flat(values, prefix):
        if name.rsplit(".", 1)[-1] == "seed":
            yield name, value


def _flat(values: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    if not isinstance(values, dict):
        yield prefix, values
        return
    for name, value in sorted(values.items()):
        yield from _flat(value, f"{prefix}.{name}" if prefix else str(name))


def inputs(contents: Contents) -> Table | None:
    """List every file from outside with its hash."""
    found = {
        name: digest
        for summary in contents.summaries.values()
        for name, digest in summary.inputs.items()
        if name not in STAGES
    }
    rows = tuple((name, digest) for name, digest in sorted(found.items()))
    if not rows:
        return None
    return Table(
        key="inputs",
        title="Inputs",
        columns=(("Input", "code"), ("SHA-256", "code")),
        rows=rows,
        is_folded=True,
    )


def settings(contents: Contents) -> Table | None:
    """List every setting of every stage."""
    rows = tuple(
        (stage, name, "not set" if value is None else str(value))
        for stage in STAGES
        if stage in contents.summaries
        for name, value in _flat(contents.summaries[stage].settings)
    )
    if not rows:
        return None
    return Table(
        key="settings",
        title=f"Settings ({len(rows)})",
        columns=(("Stage", "text"), ("Setting", "code"), ("Value", "code")),
        rows=rows,
        is_folded=True,
    )
