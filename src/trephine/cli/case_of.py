# SPDX-License-Identifier: Apache-2.0
"""Open a participant's workspace with the settings given on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trephine.pipeline.step import Workspace


def workspace_of(
    study: Path, subject: str, *, file: Path | None = None, overrides: Sequence[str] | None = None
) -> Workspace:
    """Return a participant's workspace.

    Parameters
    ----------
    study, subject
        Whose.
    file, overrides
        As ``pipeline.settings.resolve``.

    Raises
    ------
    InputError
        If the study has no such participant.
    ConfigError
        If a setting is refused.
    """
    from trephine.case.store import Case
    from trephine.pipeline.settings import resolve
    from trephine.pipeline.step import Workspace, kinds
    from trephine.pipeline.steps import STEPS

    sections = resolve(kinds(STEPS), file=file, overrides=overrides or ())
    workspace = Workspace(case=Case.of(study, subject), sections=sections)
    _ = workspace.files
    return workspace
