# SPDX-License-Identifier: Apache-2.0
"""The rehearsal's headline figures."""

from __future__ import annotations

from scipy.stats import beta

from trephine.model.insertion_log import InsertionLog
from trephine.model.summary import Headline

_LABELS = {
    "mean_lateral_error": "Mean error across the thread, expected (95 % of surgeries)",
    "p95_lateral_error": "95th percentile of the error across the thread, expected",
    "depth_error_rms": "Error along the thread, RMS, expected",
    "inserted": "Share of threads inserted, expected",
    "vessel_hits": "Hits of known vessels, expected",
}


def exact_interval(successes: int, tries: int, *, level_fraction: float = 0.95) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of a share.

    Parameters
    ----------
    successes, tries
        Counts.
    level_fraction
        Least coverage.

    Returns
    -------
    tuple
        Lower and upper limit, 0 and 1 without tries.

    References
    ----------
    ``clopper1934``.
    """
    tail = (1 - level_fraction) / 2
    low = 0.0 if successes == 0 else float(beta.ppf(tail, successes, tries - successes + 1))
    high = 1.0 if successes == tries else float(beta.ppf(1 - tail, successes + 1, tries - successes))
    return low, high


def headlines(log: InsertionLog) -> tuple[Headline, ...]:
    """Return the figures a reader asks for first.

    Parameters
    ----------
    log
        The rehearsal.

    Returns
    -------
    tuple
        What happened in the one surgery logged, and what to expect over many; all simulated.
    """
    low, high = exact_interval(log.threads_inserted, log.threads_planned)
    happened = (
        Headline(name="threads_inserted", value=log.threads_inserted, unit="1", label="Threads inserted"),
        Headline(
            name="inserted_fraction",
            value=log.threads_inserted / max(log.threads_planned, 1),
            unit="1",
            low=low,
            high=high,
            label="Share inserted in the logged surgery (Clopper-Pearson interval)",
        ),
        Headline(name="attempts", value=len(log.attempts), unit="1", label="Tries in all"),
        Headline(name="vessel_hits", value=log.vessel_hits, unit="1", label="Hits of known vessels"),
        Headline(name="total_time", value=log.total_time_s, unit="s", label="Time of the robot's work"),
    )
    foreseen = (
        Headline(
            name=f"expected.{figure.name}",
            value=figure.mean,
            unit=figure.unit,
            low=figure.low,
            high=figure.high,
            label=_LABELS.get(figure.name, figure.name),
        )
        for figure in log.expected
    )
    return (*happened, *foreseen)
