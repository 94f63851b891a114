# SPDX-License-Identifier: Apache-2.0
"""What the tables of the report say."""

from __future__ import annotations

from collections.abc import Callable

from trephine.core.findings import Finding
from trephine.core.frames import SCANNER
from trephine.model.summary import Headline, StageSummary
from trephine.report import closure_tables, hand_tables, opening_tables
from trephine.report.contents import STAGES, Contents
from trephine.report.provenance_tables import approvals, assumed, inputs, settings, stages
from trephine.report.screening_tables import not_asked, screening
from trephine.report.table import Table
from trephine.report.words import ABSENT, SEVERITIES, by_severity, number, position, unit, with_unit

Maker = Callable[[Contents], Table | None]


def _headlines(stage: str, title: str) -> Maker:
    """Make a table of a stage's headline figures."""

    def made(contents: Contents) -> Table | None:
        summary = contents.summaries.get(stage)
        if summary is None or not summary.headlines:
            return None
        return Table(
            key=stage,
            title=title,
            columns=(("What", "text"), ("Value", "number"), ("Interval", "number"), ("Frame", "text")),
            rows=tuple(_headline(line) for line in summary.headlines),
        ).without_empty_columns()

    return made


def _headline(line: Headline) -> tuple[str, ...]:
    value: object = line.value
    if isinstance(value, tuple):
        words = f"{position(value)} {unit(line.unit)}"
    elif isinstance(value, bool):
        words = "yes" if value else "no"
    elif isinstance(value, int | float):
        words = with_unit(value, line.unit)
    else:
        words = ABSENT if value is None else str(value)
    interval = ""
    if line.low is not None and line.high is not None:
        interval = f"{with_unit(line.low, line.unit)} to {with_unit(line.high, line.unit)}"
    return (line.label, words, interval, line.frame or "")


def target(contents: Contents) -> Table | None:
    """Say where the target is, in both frames, and how it agrees with anatomy."""
    hand, anatomy = contents.hand_map, contents.anatomy
    if hand is None or anatomy is None:
        return None
    mni = anatomy.mni_from_scanner
    rows = [
        (name, position(point), position(mni(point[None], frame=SCANNER)[0]))
        for name, point in (("Target of the plan", hand.target_mm), ("Anatomical hand knob", hand.knob_mm))
    ]
    apart = (
        with_unit(hand.disagreement_mm, "mm") if hand.disagreement_mm is not None else "no functional centre"
    )
    source = "the task" if hand.target_source == "task" else "the anatomical knob, as the findings tell"
    return Table(
        key="target",
        title="Target",
        columns=(("Position", "text"), ("scanner RAS, mm", "number"), ("MNI152, mm", "number")),
        rows=tuple(rows),
        note=f"The target comes from {source}. Its standard deviation on one axis is "
        f"{number(hand.target_sd_mm, 1)} mm. Functional centre and knob lie apart by: {apart}.",
    )


def contrasts(contents: Contents) -> Table | None:
    """List every contrast's centre and peak in scanner and MNI positions."""
    hand, anatomy = contents.hand_map, contents.anatomy
    if hand is None or anatomy is None or not hand.contrasts:
        return None
    rows = []
    for contrast in hand.contrasts:
        centre, peak = contrast.centroid_mm, contrast.peak_mm
        centre_mni = None if centre is None else anatomy.mni_from_scanner(centre[None], frame=SCANNER)[0]
        rows.append(
            (
                contrast.name,
                contrast.hemisphere or "both",
                position(centre),
                position(centre_mni),
                number(contrast.centroid_sd_mm, 1),
                position(peak),
                number(contrast.peak_z, 1),
                number(contrast.volume_mm3, 0),
                number(contrast.laterality_index, 2),
            )
        )
    return Table(
        key="contrasts",
        title="Contrasts of the task",
        columns=(
            ("Contrast", "text"),
            ("Side searched", "text"),
            ("Centre, scanner mm", "number"),
            ("Centre, MNI152 mm", "number"),
            ("SD, mm", "number"),
            ("Peak, scanner mm", "number"),
            ("Peak z", "number"),
            ("Volume, mm\u00b3", "number"),
            ("LI", "number"),
        ),
        rows=tuple(rows),
        note="SD: standard deviation of the centre when stretches of the run are left out. "
        "LI: laterality index, 1 for the opposite side alone, -1 for the hand's own. A dash: nothing passed.",
    )


def spares(contents: Contents) -> Table | None:
    """List the sites in reserve, best first."""
    if contents.plan is None or not contents.plan.spares:
        return None
    rows = tuple(
        (
            str(rank),
            position(one.entry_mm),
            number(one.value, 2),
            ABSENT if one.hit_probability is None else number(one.hit_probability * 100, 2),
            str(len(one.for_threads)),
        )
        for rank, one in enumerate(contents.plan.spares, start=1)
    )
    return Table(
        key="spares",
        title="Sites in reserve, best first; one thread at a time may go to one, then plan again",
        columns=(
            ("Rank", "number"),
            ("Entry, mm", "number"),
            ("Value", "number"),
            ("Hit, %", "number"),
            ("Threads that can go there", "number"),
        ),
        rows=rows,
    )


def threads(contents: Contents) -> Table | None:
    """List every thread in the order of insertion."""
    if contents.plan is None:
        return None
    rows = tuple(
        (
            str(t.order),
            str(t.number),
            str(t.anchor),
            position(t.entry_mm),
            position(t.tip_mm),
            number(t.clearance_um, 0),
            number(t.margin_um, 0),
            number(t.value, 2),
            ABSENT if t.hit_probability is None else number(t.hit_probability * 100, 2),
            number(t.length_needed_mm, 1),
        )
        for t in sorted(contents.plan.threads, key=lambda t: t.order)
    )
    return Table(
        key="threads",
        title=f"Every thread ({len(rows)})",
        columns=(
            ("Order", "number"),
            ("Thread", "number"),
            ("Anchor", "number"),
            ("Entry, scanner mm", "number"),
            ("Tip, scanner mm", "number"),
            ("Clearance, \u00b5m", "number"),
            ("Asked, \u00b5m", "number"),
            ("Value", "number"),
            ("Vessel hit, %", "number"),
            ("Length, mm", "number"),
        ),
        rows=rows,
        is_folded=True,
        note="A dash: nothing to avoid, or no vessel, is known there. "
        "Vessel hit: chance under the stated errors.",
    )


def errors(contents: Contents) -> Table | None:
    """List the error sources of the rehearsal."""
    if contents.log is None:
        return None
    rows = tuple((e.name, number(e.sd_um), e.source) for e in contents.log.error_sources)
    return Table(
        key="errors",
        title="Errors that were drawn from",
        columns=(("Source of error", "text"), ("SD on one axis, \u00b5m", "number"), ("Cited from", "code")),
        rows=rows,
        note=f"Robot {contents.log.robot}, seed {contents.log.seed}. All figures here are simulated.",
    )


def registrations(contents: Contents) -> Table | None:
    """List how every other scan was laid on the T1."""
    if not contents.registrations:
        return None
    rows = tuple(
        (
            r.moving,
            "yes" if r.is_trusted else f"no: {r.reason}",
            (contents.word_on("imaging", r.moving) or "waiting for approval") if r.is_trusted else ABSENT,
            ABSENT if r.mean_error_95_mm is None else number(r.mean_error_95_mm, 2),
            ABSENT if r.largest_error_95_mm is None else number(r.largest_error_95_mm, 2),
            _between(r.difference_low_mm, r.difference_high_mm),
            ABSENT if r.stretch_fraction is None else number(100 * r.stretch_fraction, 1),
            number(r.header_offset_mm, 1),
            number(r.header_offset_rad * 57.29577951308232, 1),
        )
        for r in contents.registrations
    )
    return Table(
        key="registrations",
        title="Scans laid on the planning T1",
        note="Errors are over the brain. Difference of shape (95 % interval) and stretch tell whether the "
        "scan shows the same head.",
        columns=(
            ("Scan", "text"),
            ("Used", "text"),
            ("A person's word", "text"),
            ("Mean error, 95 % below, mm", "number"),
            ("Largest error, 95 % below, mm", "number"),
            ("Shape differs by, mm", "text"),
            ("Stretch, %", "number"),
            ("Header off by, mm", "number"),
            ("Header turned by, \u00b0", "number"),
        ),
        rows=rows,
    )


def _between(low: float | None, high: float | None) -> str:
    return ABSENT if low is None or high is None else f"{number(low, 2)} to {number(high, 2)}"


def findings(contents: Contents) -> Table | None:
    """List all findings, heaviest first."""
    stage_of = {
        id(finding): stage for stage in STAGES for finding in _findings(contents.summaries.get(stage))
    }
    groups = by_severity(f for stage in STAGES for f in _findings(contents.summaries.get(stage)))
    rows = tuple(
        (
            " ".join(SEVERITIES[severity]),
            finding.code,
            finding.message,
            with_unit(finding.value, finding.unit),
            with_unit(finding.limit, finding.unit),
            finding.source or "",
            stage_of[id(finding)],
        )
        for severity, group in groups.items()
        for finding in group
    )
    return Table(
        key="findings",
        title=f"All findings ({len(rows)})",
        columns=(
            ("Severity", "severity"),
            ("Code", "code"),
            ("What was noticed", "text"),
            ("Value", "number"),
            ("Limit", "number"),
            ("Source", "code"),
            ("Stage", "text"),
        ),
        rows=rows,
    )


def _findings(summary: StageSummary | None) -> tuple[Finding, ...]:
    return summary.findings if summary else ()


MAKERS: dict[str, Maker] = {
    "target": target,
    "contrasts": contrasts,
    "certainty": hand_tables.certainty,
    "alternatives": hand_tables.alternatives,
    "own-knob": hand_tables.own_knobs,
    "retests": hand_tables.retests,
    "nuisance": hand_tables.nuisance,
    "clusters": hand_tables.clusters,
    "imaging": _headlines("imaging", "Figures of the head"),
    "screening": screening,
    "not-asked": not_asked,
    "opening": _headlines("opening", "Figures of the opening"),
    "choices": opening_tables.choices,
    "drill-depths": opening_tables.drill_depths,
    "placement": _headlines("placement", "Figures of the plan"),
    "threads": threads,
    "spares": spares,
    "closure": _headlines("closure", "Figures of the seat"),
    "checklist": closure_tables.checklist,
    "screws": closure_tables.screws,
    "slack": closure_tables.slack,
    "air": closure_tables.air,
    "power": closure_tables.power,
    "battery": closure_tables.battery,
    "link": closure_tables.link,
    "insertion": _headlines("insertion", "Figures of the rehearsal, simulated"),
    "errors": errors,
    "registrations": registrations,
    "findings": findings,
    "assumed": assumed,
    "approvals": approvals,
    "stages": stages,
    "inputs": inputs,
    "settings": settings,
}
"""Table key in ``sections.toml`` to what makes it."""
