# SPDX-License-Identifier: Apache-2.0
"""Tables about the hand map: what speaks for and against the place of the hand."""

from __future__ import annotations

from trephine.model.activation import ContrastMap
from trephine.model.hand_evidence import Cluster
from trephine.report.contents import Contents
from trephine.report.table import Table
from trephine.report.words import ABSENT, number, position

_MOST_CLUSTERS = 6
"""A contrast; the case folder's tables hold all."""
_PART_WORDS = {
    "noise": "Noise of the series",
    "registration": "Place of the run in the T1",
    "regressors": "Choice of nuisance regressors",
    "runs": "Differences of runs beyond noise",
    "systematic": "Edge of the area, veins, distortion (assumed)",
    "anatomy": "Spread of the hand area about the knob between people",
}


def certainty(contents: Contents) -> Table | None:
    """List what makes the centre unsure, cause by cause."""
    hand = contents.hand_map
    if hand is None or hand.certainty is None:
        return None
    rows = [(_PART_WORDS.get(name, name), number(sd, 2)) for name, sd in hand.certainty.parts_mm.items()]
    rows.append(("All together", number(hand.target_sd_mm, 2)))
    return Table(
        key="certainty",
        title="How sure the centre of the hand area is",
        columns=(("Cause", "text"), ("SD on one axis, mm", "number")),
        rows=tuple(rows),
        note=f"The sphere of {number(hand.certainty.radius95_mm, 1)} mm round "
        f"{position(hand.certainty.centre_mm)} (scanner, mm) holds the true centre with 95 % probability, as "
        "far as these causes are all.",
    )


def alternatives(contents: Contents) -> Table | None:
    """List the other ways to find the hand, side by side."""
    hand = contents.hand_map
    if hand is None or not hand.alternatives:
        return None
    rows = tuple(
        (
            one.name,
            position(one.position_mm),
            number(one.sd_mm, 1),
            number(one.target_distance_mm, 1),
            one.remark,
        )
        for one in hand.alternatives
    )
    return Table(
        key="alternatives",
        title="The hand area found in other ways",
        columns=(
            ("Way", "text"),
            ("Place, scanner mm", "number"),
            ("SD, mm", "number"),
            ("To the centre taken, mm", "number"),
            ("Rests on", "text"),
        ),
        rows=rows,
        note="Side by side and never averaged: a distance far beyond both SDs is a question to ask.",
    )


def own_knobs(contents: Contents) -> Table | None:
    """Show the hand knob of both hemispheres' own cortex beside the template's and the task's."""
    hand = contents.hand_map
    if hand is None or not hand.own_knobs:
        return None
    rows = tuple(
        (
            one.hemisphere,
            position(one.position_mm),
            position(one.position_mni_mm),
            number(one.sd_mm, 1),
            number(one.height_mm, 1),
            number(one.template_distance_mm, 1),
            number(one.task_distance_mm, 1),
            one.remark,
        )
        for one in hand.own_knobs
    )
    return Table(
        key="own-knob",
        title="The hand knob in the person's own cortex",
        columns=(
            ("Side", "text"),
            ("Place, scanner mm", "number"),
            ("In MNI152, mm", "number"),
            ("SD along the sulcus, mm", "number"),
            ("Height, mm", "number"),
            ("To the template's, mm", "number"),
            ("To the task's centre, mm", "number"),
            ("Rests on", "text"),
        ),
        rows=rows,
        note="The SD tells how well the landmark is placed. How near to it the hand's function lies is "
        "another matter: people differ by about 6 mm (assumed).",
    )


def nuisance(contents: Contents) -> Table | None:
    """Show how far each nuisance model moves the centre of each contrast."""
    shown = _with_area(contents)
    changes = list(dict.fromkeys(shift.change for one in shown for shift in one.nuisance_shifts))
    if not changes:
        return None
    rows = []
    for change in changes:
        cells = []
        for one in shown:
            found = [shift for shift in one.nuisance_shifts if shift.change == change]
            vanished = bool(found) and found[0].shift_mm is None
            cells.append("vanishes" if vanished else number(found[0].shift_mm, 1) if found else ABSENT)
        rows.append((change, *cells))
    return Table(
        key="nuisance",
        title="Shift of the centre when the nuisance model changes, mm",
        columns=(("Change", "text"), *((one.name, "number") for one in shown)),
        rows=tuple(rows),
        is_folded=True,
        note="All compared with six motion regressors, drift and outlying volumes.",
    )


def retests(contents: Contents) -> Table | None:
    """Show how runs, or halves of one run, agree."""
    rows = [
        (
            contrast.name,
            one.kind,
            f"{one.first} / {one.second}",
            number(one.centroid_apart_mm, 1),
            number(one.area_dice, 2),
            number(one.map_correlation, 2),
            number(one.consistency_correlation, 2),
        )
        for contrast in _with_area(contents)
        for one in contrast.retests
    ]
    if not rows:
        return None
    return Table(
        key="retests",
        title="Test and retest",
        columns=(
            ("Contrast", "text"),
            ("Kind", "text"),
            ("Parts", "text"),
            ("Centres apart, mm", "number"),
            ("Dice", "number"),
            ("Correlation", "number"),
            ("ICC(2,1)", "number"),
        ),
        rows=tuple(rows),
        note="Over the search region. Split-half compares the halves of one run, which hold half the blocks "
        "each and share the session: it is no second run.",
    )


def clusters(contents: Contents) -> Table | None:
    """List the strongest clusters of every contrast."""
    hand = contents.hand_map
    if hand is None:
        return None
    rows = [_cluster(one, each) for one in hand.contrasts for each in one.clusters[:_MOST_CLUSTERS]]
    if not rows:
        return None
    return Table(
        key="clusters",
        title="Strongest clusters of each contrast",
        columns=(
            ("Contrast", "text"),
            ("No.", "number"),
            ("Volume, mm\u00b3", "number"),
            ("Peak z", "number"),
            ("p, family-wise", "number"),
            ("q, discovery", "number"),
            ("Side", "text"),
            ("Centre, scanner mm", "number"),
            ("Centre, MNI152 mm", "number"),
            ("To knob, mm", "number"),
        ),
        rows=tuple(rows),
        is_folded=True,
        note="p: chance of a peak as high anywhere in grey matter (random fields or Bonferroni). q: false "
        "discovery rate over voxels. Sizes get no probability. The case holds all clusters and peaks.",
    )


def _cluster(contrast: ContrastMap, one: Cluster) -> tuple[str, ...]:
    return (
        contrast.name,
        str(one.number),
        number(one.volume_mm3, 0),
        number(one.peak_z, 1),
        _chance(one.peak_probability),
        _chance(one.discovery_fraction),
        one.hemisphere,
        position(one.centre_mm),
        position(one.centre_mni_mm),
        number(one.knob_distance_mm, 1),
    )


def _with_area(contents: Contents) -> list[ContrastMap]:
    hand = contents.hand_map
    return [] if hand is None else [one for one in hand.contrasts if one.centroid_mm is not None]


def _chance(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
