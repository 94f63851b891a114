# SPDX-License-Identifier: Apache-2.0
"""How long work tells that it goes on."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told how far work has come; may raise ``CancelledError`` to stop it."""

    def __call__(self, done: int, total: int, label: str) -> None:
        """Take note that ``done`` of ``total`` steps are finished and ``label`` comes next."""


def silent(done: int, total: int, label: str) -> None:
    """Take no note."""


def part_of(progress: Progress, first: int, last: int, whole: int) -> Progress:
    """Let a sub-task report within steps ``first`` to ``last`` of ``whole``.

    Parameters
    ----------
    progress
        Whom to tell.
    first, last, whole
        The sub-task's share, in steps of the whole task.

    Returns
    -------
    Progress
        Maps the sub-task's own count onto that share.
    """

    def told(done: int, total: int, label: str) -> None:
        share = first + (last - first) * done // max(total, 1)
        progress(share, whole, label)

    return told
