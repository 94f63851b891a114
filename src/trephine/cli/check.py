# SPDX-License-Identifier: Apache-2.0
"""``trephine check``: tell whether these scans may be worked with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from trephine.cli.case_of import workspace_of
from trephine.cli.options import AsJson, Override, SettingsFile, Study
from trephine.cli.output import Bar, print_json, print_words
from trephine.core.errors import EXIT_DONE, EXIT_INPUT_REFUSED, ConfigError, TrephineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from trephine.formats.inputs import Inputs
    from trephine.model.volume import Volume
    from trephine.pipeline.step import Workspace

_WORDS = {"ct": "CT", "cta": "CT angio", "angio": "angiography", "cet1w": "contrast T1"} | {
    "t2w": "T2w",
    "pdw": "PDw",
    "swi": "SWI",
}


def command(
    study: Study,
    subject: Annotated[str | None, typer.Argument(metavar="SUBJECT", help="All when left out.")] = None,
    settings: SettingsFile = None,
    override: Override = None,
    as_json: AsJson = False,
) -> int:
    """Read and judge every input of a participant, or of all, without computing anything."""
    from trephine.formats.bids import participant_labels

    def opened(label: str) -> Workspace:
        return workspace_of(study, label, file=settings, overrides=override)

    labels = [subject.removeprefix("sub-")] if subject else list(participant_labels(study))
    bar = Bar()
    people = []
    for done, label in enumerate(labels):
        bar.step("check", done, len(labels), f"sub-{label}")
        people.append(_person(label, opened))
    bar.close()
    refused = any(person["problem"] for person in people)
    code = EXIT_INPUT_REFUSED if refused else EXIT_DONE
    if as_json:
        print_json({"schema_version": 1, "participants": people, "exit_code": code})
    else:
        print_words(*(line for person in people for line in _words(person)))
    return code


def _person(label: str, opened: Callable[[str], Workspace]) -> dict[str, Any]:
    from trephine.formats.inputs import read_inputs
    from trephine.pipeline.inputs import hand_names

    person: dict[str, Any] = {"subject": f"sub-{label}", "problem": None, "found": {}, "left_aside": []}
    try:
        workspace = opened(label)
        person["left_aside"] = list(workspace.files.unused)
        person["found"] = _found(read_inputs(workspace.files, named=hand_names(workspace)))
    except ConfigError:
        raise
    except TrephineError as error:
        person["problem"] = {"kind": type(error).__name__, "message": str(error)}
    return person


def _found(inputs: Inputs) -> dict[str, Any]:
    volumes: dict[str, Volume | None] = {"T1w": inputs.t1, "CT": None, "angiography": None}
    volumes |= {_WORDS[scan.kind]: scan.volume for scan in inputs.others}
    found: dict[str, Any] = {
        name: f"{'x'.join(map(str, volume.grid.shape))} voxels of "
        f"{' x '.join(f'{edge:.2f}' for edge in volume.grid.voxel_mm)} mm"
        if volume
        else "none"
        for name, volume in volumes.items()
    }
    found["BOLD"] = "; ".join(
        f"{run.name}: {run.bold.values.shape[3]} volumes, {len(run.events)} events" for run in inputs.runs
    )
    found["BOLD at rest"] = (
        "; ".join(f"{run.name}: {run.bold.values.shape[3]} volumes" for run in inputs.rest) or "none"
    )
    view = inputs.live_view
    found["live view"] = (
        f"{view.rgb.shape[1]}x{view.rgb.shape[0]} pixels of {view.pixel_um:g} um" if view else "none"
    )
    return found


def _words(person: dict[str, Any]) -> list[str]:
    lines = [f"{person['subject']}: {'refused' if person['problem'] else 'accepted'}"]
    lines += [f"  {name:<12} {words}" for name, words in person["found"].items()]
    lines += [f"  left aside   {words}" for words in person["left_aside"]]
    if person["problem"]:
        lines.append(f"  {person['problem']['message']}")
    return lines
