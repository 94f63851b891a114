# SPDX-License-Identifier: Apache-2.0
"""What is noticed about recordings and decoders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trephine.core.findings import Finding, Severity
from trephine.kernels.decoding.channel_order import OrderFound
from trephine.model.recording import Recording

RECOGNISED_Z = 5.0
"""Agreement, in standard deviations of the orders that must be wrong, from which channels count as
recognised. On 25 recordings of one person
those in order reach 7 and more against labels half a year old, those out of order at most 3.5 (assumed)."""
_SILENT_LISTED = 12


def of_training(recordings: Sequence[Recording], bins: Sequence[int]) -> tuple[Finding, ...]:
    """Judge what a decoder is trained on."""
    return tuple(
        finding
        for each, count in zip(recordings, bins, strict=True)
        for finding in silent_channels(each, count)
    )


def silent_channels(recording: Recording, bins: int) -> Iterator[Finding]:
    """Name channels without one spike in the first bins."""
    silent = [
        number
        for number, total in zip(recording.channels, recording.counts[:bins].sum(0), strict=True)
        if total == 0
    ]
    if silent:
        listed = ", ".join(map(str, silent[:_SILENT_LISTED])) + (", ..." if silent[_SILENT_LISTED:] else "")
        yield Finding(
            code="CHANNELS_SILENT",
            severity=Severity.NOTE,
            message=f"{recording.name}: {len(silent)} of {len(recording.channels)} channels gave no spike "
            f"(channels {listed}).",
            value=len(silent),
            unit="1",
        )


def of_order(recording: Recording, found: OrderFound, *, is_repaired: bool) -> Iterator[Finding]:
    """Say when channels do not come as the decoder remembers them."""
    if found.is_as_remembered and found.as_is_z >= RECOGNISED_Z:
        return
    if is_repaired:
        yield Finding(
            code="CHANNEL_ORDER_DIFFERS",
            severity=Severity.WARN,
            message=f"{recording.name}: the channels come in another order, as from a connector turned or "
            "swapped. "
            f"Their correlations agree to {found.best_correlation:.2f} with those remembered when "
            f"{_order(found)}, to {found.as_is_correlation:.2f} as they come and to at most "
            f"{found.next_correlation:.2f} in any of the other {found.tried - 2} orders tried; mean "
            "rates agree better too. They are decoded in the order found.",
            value=found.best_z,
            limit=RECOGNISED_Z,
            unit="1",
            source="assumed",
        )
        return
    yield Finding(
        code="CHANNELS_NOT_RECOGNISED",
        severity=Severity.WARN,
        message=f"{recording.name}: the correlations of its channels agree with those remembered to "
        f"{found.as_is_correlation:.2f} only, and in no order of a turned or swapped connector clearly "
        "better: another array, or tuning that is all new. Do not trust what is decoded without labels.",
        value=found.as_is_z,
        limit=RECOGNISED_Z,
        unit="1",
        source="assumed",
    )


def _order(found: OrderFound) -> str:
    first = ", ".join(str(int(place) + 1) for place in found.order[:4])
    return f"read in the order {first}, ..."
