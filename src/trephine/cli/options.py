# SPDX-License-Identifier: Apache-2.0
"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Study = Annotated[Path, typer.Argument(metavar="STUDY", help="Root of a BIDS study.")]
Subject = Annotated[str, typer.Argument(metavar="SUBJECT", help="Participant, such as sub-01.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", metavar="FILE", help="TOML file with settings.")
]
Override = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.NAME=VALUE", help="One setting; may be given several times."),
]
