# SPDX-License-Identifier: Apache-2.0
"""The plain fields of a noun: everything in it but volumes, surfaces and maps."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def plain_fields(noun: DataclassInstance, *, without: tuple[str, ...]) -> dict[str, Any]:
    """Return every field but the named ones as JSON values, so that a field added later is not lost.

    Parameters
    ----------
    noun
        A noun of ``model``.
    without
        Fields that are stored as files of their own.
    """
    return {
        field.name: _plain(getattr(noun, field.name)) for field in fields(noun) if field.name not in without
    }


def _plain(value: object) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value
