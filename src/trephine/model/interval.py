# SPDX-License-Identifier: Apache-2.0
"""A figure together with what is left open for it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, model_validator


class Interval(BaseModel):
    """One figure in the unit that the name of its field ends in.

    Parameters
    ----------
    value
        The best single figure.
    low, high
        It is likely (95 % is meant) to lie between these.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float
    low: float
    high: float

    @model_validator(mode="after")
    def _check(self) -> Interval:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.value} does not lie between {self.low} and {self.high}")
        return self

    @classmethod
    def give_or_take(cls, value: float, error: Quantity) -> Interval:
        """Return a figure with the same doubt on both sides."""
        return cls(value=value, low=value - error, high=value + error)


Quantity = float
"""A number in the unit of what it belongs to."""
