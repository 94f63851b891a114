# SPDX-License-Identifier: Apache-2.0
"""``trephine heat``: how warm the seated implant makes tissue, and how much power is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from trephine.cli.options import AsJson, Override, SettingsFile, Study, Subject
from trephine.cli.output import Bar, print_json, print_words, table
from trephine.core.errors import EXIT_BLOCKED, EXIT_DONE

if TYPE_CHECKING:
    from trephine.model.tissue_heat import AllowedPower, ImplantHeat


def command(
    study: Study,
    subject: Subject,
    power_mw: Annotated[
        float | None, typer.Option("--power-mw", metavar="MW", help="Judge this steady power.")
    ] = None,
    settings: SettingsFile = None,
    override: Override = None,
    as_json: AsJson = False,
) -> int:
    """Compute the steady heat of the seated implant in this person's head."""
    from trephine.case.store import Case
    from trephine.pipeline.heat import run

    bar = Bar()
    try:
        outcome = run(
            Case.of(study, subject),
            power_mw=power_mw,
            file=settings,
            overrides=tuple(override or ()),
            progress=lambda done, total, label: bar.step("heat", done, total, label),
        )
    finally:
        bar.close()
    code = EXIT_BLOCKED if outcome.is_blocked else EXIT_DONE
    findings = [finding.model_dump(mode="json") for finding in outcome.findings]
    if as_json:
        print_json({**outcome.value.model_dump(mode="json"), "findings": findings, "exit_code": code})
    else:
        print_words(*_words(outcome.value))
        print_words(*(f"{each.severity:<8} {each.code}: {each.message}" for each in outcome.findings))
    return code


def _words(heat: ImplantHeat) -> list[str]:
    """Say it for people."""
    asked = [] if heat.power_mw is None else [f"K at {heat.power_mw:g} mW"]
    rows = [["warmest place of", "K per mW", *asked, "where (scanner, mm)"]]
    for each in heat.hottest:
        rise = [] if heat.power_mw is None else [f"{each.rise_k_per_mw * heat.power_mw:.3g}"]
        where = ", ".join(f"{value:.1f}" for value in each.place_mm)
        rows.append([each.tissue, f"{each.rise_k_per_mw:.3g}", *rise, where])
    return [
        f"{heat.device}, wall of {heat.housing}, steady rise above the state without the implant",
        *table(rows),
        *(_power_words(each, heat.draws) for each in heat.allowed),
        f"{100 * heat.blood_fraction:.1f} % of the heat leaves with blood, "
        f"{100 * heat.surface_fraction:.1f} % through skin and the block's sides; "
        f"{heat.imbalance_fraction:.0e} is not accounted for",
        f"{heat.cells} cells, {heat.fine_mm:g} mm near the implant; twice as wide, they change the largest "
        f"rise by {100 * heat.grid_change_fraction:.1f} %",
        *(f"assumed: {sentence}" for sentence in heat.assumptions),
    ]


def _power_words(allowed: AllowedPower, draws: int) -> str:
    told = f"{allowed.among}: {allowed.rise_k:g} K at {allowed.power_mw:.3g} mW, first in {allowed.tissue}"
    if allowed.low_mw is None:
        return told
    return f"{told}; {allowed.low_mw:.3g} to {allowed.high_mw:.3g} mW in nine of ten of {draws} draws"
