# SPDX-License-Identifier: Apache-2.0
"""What can go wrong, and whose fault it is.

The tree::

    TrephineError
    ├── InputError           the caller's data are wrong
    │   ├── FrameError       two positions or maps are in different frames
    │   └── FormatError      a file is not what its name or standard says
    ├── ConfigError          a setting is unknown, missing or out of range
    ├── NumericalError       a solver stopped without an answer to be trusted
    ├── StorageError         the disk refused: full, read-only, locked
    ├── DeviceError          a device refused, timed out or went elsewhere
    ├── CancelledError          the user stopped the work
    └── InternalError        an invariant of ours failed

Every message says what was found, what was expected, where, and what to do.
"""

from __future__ import annotations

from typing import Self

EXIT_DONE = 0
EXIT_OUR_FAULT = 1
EXIT_USAGE = 2
EXIT_INPUT_REFUSED = 3
EXIT_BLOCKED = 4
EXIT_CANCELLED = 130


class TrephineError(Exception):
    """Base of every error raised on purpose."""

    exit_code = EXIT_OUR_FAULT

    @classmethod
    def because(cls, *, where: str, found: str, expected: str, remedy: str) -> Self:
        """Build the error from the four things a message must say.

        Parameters
        ----------
        where
            File, field or index.
        found, expected
            What is there, and what should be.
        remedy
            What the reader can do about it.

        Returns
        -------
        TrephineError
            An error of the class this is called on.
        """
        return cls(f"{where}: found {found}; expected {expected}. {remedy}")


class InputError(TrephineError):
    """The caller's data are wrong."""

    exit_code = EXIT_INPUT_REFUSED


class FrameError(InputError):
    """Two positions or maps are in different frames."""


class FormatError(InputError):
    """A file is not what its name or standard says."""


class ConfigError(TrephineError):
    """A setting is unknown, missing or out of range."""

    exit_code = EXIT_USAGE


class NumericalError(TrephineError):
    """A solver stopped without an answer to be trusted."""


class StorageError(TrephineError):
    """The disk refused: it is full, read-only or locked by another run."""

    exit_code = EXIT_INPUT_REFUSED


class DeviceError(TrephineError):
    """A device refused, timed out or went elsewhere."""


class CancelledError(TrephineError):
    """The user stopped the work; what was finished stays."""

    exit_code = EXIT_CANCELLED


class InternalError(TrephineError):
    """An invariant of ours failed."""
