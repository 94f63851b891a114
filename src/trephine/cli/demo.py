# SPDX-License-Identifier: Apache-2.0
"""``trephine demo``: a digital participant from scans to report, with nothing to prepare."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trephine.cli.case_of import workspace_of
from trephine.cli.options import AsJson
from trephine.cli.output import print_json, print_words, say
from trephine.core.errors import EXIT_BLOCKED, EXIT_DONE

_SEED = 1


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to make it.")] = Path("demo"),
    voxel_mm: Annotated[
        float, typer.Option("--voxel-mm", min=0.8, max=4.0, help="Edge of a T1 voxel.")
    ] = 1.0,
    as_json: AsJson = False,
) -> int:
    """Make a digital participant, plan and rehearse the implant, and write the report."""
    from trephine.cli.phantom import make
    from trephine.cli.run import execute, write_report
    from trephine.core.findings import is_blocked
    from trephine.pipeline.request import Request

    if (folder / "dataset_description.json").exists():
        say(f"{folder} is there already: going on with it")
    else:
        make(folder, seed=_SEED, voxel_mm=voxel_mm)
    workspace = workspace_of(folder, "sub-01")
    result = execute(workspace, Request())
    report = write_report(workspace)
    pictures = sorted(str(path) for path in (workspace.case.folder / "figures").glob("*.png"))
    code = EXIT_BLOCKED if any(is_blocked(stage.findings) for stage in result.stages) else EXIT_DONE
    if as_json:
        print_json(
            {
                "schema_version": 1,
                "study": str(folder),
                "report": str(report),
                "pictures": pictures,
                "exit_code": code,
            }
        )
    else:
        print_words(f"report:  {report}", *(f"picture: {picture}" for picture in pictures))
    return code
