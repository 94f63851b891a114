# SPDX-License-Identifier: Apache-2.0
"""``trephine report``: write the report of a case again."""

from __future__ import annotations

from trephine.cli.case_of import workspace_of
from trephine.cli.options import AsJson, Study, Subject
from trephine.cli.output import Bar, print_json, print_words, say
from trephine.core.errors import InputError


def command(study: Study, subject: Subject, as_json: AsJson = False) -> int:
    """Write the report from the results that are there; it computes nothing."""
    from trephine.case import report_sidecar
    from trephine.pipeline.status import status
    from trephine.pipeline.steps import STEPS
    from trephine.report import write

    workspace = workspace_of(study, subject)
    stages = status(workspace, STEPS).stages
    if all(stage.state == "missing" for stage in stages):
        raise InputError.because(
            where=workspace.case.subject,
            found="no results",
            expected="results of at least one stage",
            remedy=f"Run it first: trephine run {study} {subject}",
        )
    unfit = [f"{stage.stage} ({stage.state})" for stage in stages if stage.state != "fresh"]
    if unfit:
        say(f"written although not everything is fresh: {', '.join(unfit)}")
    bar = Bar()
    path = write(workspace.case, progress=lambda done, total, label: bar.step("report", done, total, label))
    bar.close()
    report_sidecar.write(workspace.case, [step.name for step in STEPS])
    if as_json:
        document = {
            "schema_version": 1,
            "subject": workspace.case.subject,
            "report": str(path),
            "not_fresh": unfit,
        }
        print_json(document)
    else:
        print_words(str(path))
    return 0
