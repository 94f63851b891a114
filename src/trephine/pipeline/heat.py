# SPDX-License-Identifier: Apache-2.0
"""Ask a case how warm its seated implant gets; nothing is written into the case."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trephine.case.store import Case
from trephine.core.errors import InputError, InternalError
from trephine.core.findings import Outcome
from trephine.core.progress import Progress, silent
from trephine.model.tissue_heat import ImplantHeat
from trephine.pipeline import inputs
from trephine.pipeline.settings import resolve
from trephine.pipeline.step import Workspace, kinds
from trephine.pipeline.steps import STEPS
from trephine.safety.reading import read_limits, read_tissues
from trephine.stages.closure.settings import Settings


def run(
    case: Case, *, power_mw: float | None = None, file: Path | None = None, overrides: Sequence[str] = (),
    progress: Progress = silent,
) -> Outcome[ImplantHeat]:  # fmt: skip
    """Compute the heat of the implant that the opening stage seated.

    Parameters
    ----------
    case
        Whose; imaging and opening must have been run.
    power_mw
        A power to judge.
    file, overrides
        Settings as for a run, with the section ``closure``.
    progress
        Told after each solve.

    Returns
    -------
    Outcome
        The answer with its findings.

    Raises
    ------
    InputError
        If there is no opening yet, or an input is refused.
    """
    if not case.has("opening"):
        raise InputError.because(
            where=str(case.folder), found="no opening", expected="an opening that seats the implant",
            remedy=f"Run it first: trephine run {case.study} {case.subject} --to opening",
        )  # fmt: skip
    from trephine.stages.closure.run import run as closure

    sections = resolve({**kinds(STEPS), "closure": Settings}, file=file, overrides=overrides)
    settings = sections["closure"]
    if not isinstance(settings, Settings):
        raise InternalError("section closure has no settings of closure")
    workspace = Workspace(case=case, sections=sections)
    return closure(
        inputs.opening(workspace), inputs.anatomy(workspace), inputs.device(workspace), read_tissues(),
        settings=settings, power_mw=power_mw, progress=progress,
        limit_rise_k=read_limits().tissue_rise_k.value,
    )  # fmt: skip
