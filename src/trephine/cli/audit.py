# SPDX-License-Identifier: Apache-2.0
"""``trephine audit``: verify that nobody changed what was run and approved."""

from __future__ import annotations

from typing import Annotated

import typer

from trephine.cli.options import AsJson, Study
from trephine.cli.output import print_json, print_words


def command(
    study: Study,
    subject: Annotated[str | None, typer.Argument(metavar="SUBJECT", help="All when left out.")] = None,
    as_json: AsJson = False,
) -> int:
    """Verify the audit chain of one participant or of all; exit 3 names the first line that is broken."""
    from trephine.case import audit
    from trephine.case.store import Case
    from trephine.formats.bids import participant_labels

    labels = [subject] if subject else list(participant_labels(study))
    entries = {case.subject: audit.read(case) for case in (Case.of(study, label) for label in labels)}
    if as_json:
        documents = {
            name: [entry.model_dump(mode="json") for entry in lines] for name, lines in entries.items()
        }
        print_json({"schema_version": 1, "is_intact": True, "entries": documents})
        return 0
    for name, lines in entries.items():
        print_words(f"{name}: {len(lines)} lines, intact")
        print_words(
            *(
                f"  {line.number:>4}  {line.time}  {line.stage:<10} {line.act} {line.who or ''}"
                for line in lines
            )
        )
    return 0
