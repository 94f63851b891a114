# SPDX-License-Identifier: Apache-2.0
"""``trephine power``: what an implant draws, mode by mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from trephine.cli.options import AsJson
from trephine.cli.output import print_json, print_words, table

if TYPE_CHECKING:
    from trephine.model.interval import Interval
    from trephine.model.power import ModePower, PowerBudget

Profile = Annotated[
    str,
    typer.Argument(help="Name of a packaged power profile, such as n1_public_estimate, or path of a file."),
]
Mode = Annotated[str | None, typer.Option("--mode", help="One mode of the profile; all of them if left out.")]


def command(profile: Profile = "n1_public_estimate", mode: Mode = None, as_json: AsJson = False) -> int:
    """Work a power profile out: a tree for every mode, battery, charging and link."""
    from trephine.formats.device_file import read_power
    from trephine.stages.closure.power import budget, mode_named

    made = budget(read_power(profile))
    modes = made.modes if mode is None else (mode_named(made, mode),)
    if as_json:
        print_json({"schema_version": 1, **made.model_copy(update={"modes": modes}).model_dump(mode="json")})
    else:
        print_words(*_words(made, modes))
    return 0


def _words(made: PowerBudget, modes: tuple[ModePower, ...]) -> list[str]:
    rows = [["mW", *(mode.name for mode in modes)]]
    for place, part in enumerate(modes[0].parts):
        rows.append([part.name, *(_span(mode.parts[place].power_mw) for mode in modes)])
    rows.append(["all", *(_span(mode.total_mw) for mode in modes)])
    rows.append(["hours a charge lasts", *(_span(mode.battery_h) for mode in modes)])
    estimate = "" if made.is_published else ": an estimate, nothing published by the maker"
    last = made.ages[-1]
    return [
        f"{made.profile}{estimate}",
        *table(rows),
        f"day: {_span(made.day_mean_mw)} mW, {_span(made.charges_per_day)} full charges",
        f"charging: {_span(made.charge_h)} h, heat in the implant {_span(made.charge_heat_mw)} mW",
        f"after {last.age_years:g} years: {_span(last.battery_h)} h a charge ({made.modes[0].name})",
        *(
            f"radio, {point.name}: {point.sent_mbit_per_s:g} Mbit/s, {_span(point.radio_mw)} mW"
            + ("" if point.is_possible else ", more than the link carries")
            for point in made.links
        ),
    ]


def _span(found: Interval) -> str:
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"
