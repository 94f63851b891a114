# SPDX-License-Identifier: Apache-2.0
"""Keep a long call into a solver open to a request to stop."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import TypeVar

Answer = TypeVar("Answer")

_LOOK_S = 0.1
"""Pause between two looks at whether to stop; it decides no result."""


def interruptible(work: Callable[[], Answer], look: Callable[[], None]) -> Answer:
    """Do work in a thread and call ``look`` ten times a second meanwhile.

    Parameters
    ----------
    work
        A call that lets other threads run, as HiGHS does.
    look
        Called in the caller's own thread; raises to stop.

    Returns
    -------
    Answer
        What the work returns.

    Raises
    ------
    BaseException
        Whatever the work or ``look`` raises. When ``look`` raises, the thread is left to end by itself; what
        it finds is dropped, and it does not keep the process alive.
    """
    answers: list[Answer] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(work())
        except BaseException as error:  # noqa: BLE001 - handed on to the caller below
            errors.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    while thread.is_alive():
        look()
        thread.join(_LOOK_S)
    if errors:
        raise errors[0]
    return answers[0]
