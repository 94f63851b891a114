# SPDX-License-Identifier: Apache-2.0
"""Abnormal anatomy that the imaging stage looked for, as answers to the rules that ask about it."""

from __future__ import annotations

from dataclasses import dataclass

from trephine.model.anatomy import Angiogram


@dataclass(frozen=True, kw_only=True)
class Sign:
    """What answers one rule.

    Parameters
    ----------
    finding
        Code of the imaging stage's finding that means yes.
    needs_angiogram
        Whether it can be seen only where vessels were imaged.
    """

    finding: str
    needs_angiogram: bool = False


SIGNS = {
    "craniotomy_suspected": Sign(finding="CRANIOTOMY_SUSPECTED"),
    "brain_atrophy_suspected": Sign(finding="BRAIN_ATROPHY_SUSPECTED"),
    "vascular_malformation_suspected": Sign(finding="VASCULAR_MALFORMATION_SUSPECTED", needs_angiogram=True),
}
"""By rule."""


def answers(
    noticed: frozenset[str], looked_for: frozenset[str], angiogram: Angiogram | None
) -> dict[str, bool]:
    """Return whether each sign was seen.

    Parameters
    ----------
    noticed
        Codes of the imaging stage's findings.
    looked_for
        Codes that this version of it can find at all.
    angiogram
        Vessels; absent when none were imaged.

    Returns
    -------
    dict
        By rule; absent where it could not be seen, which is never a no.
    """
    known = {}
    for rule, sign in SIGNS.items():
        is_seen = sign.finding in noticed
        is_judged = sign.finding in looked_for and (angiogram is not None or not sign.needs_angiogram)
        if is_seen or is_judged:
            known[rule] = is_seen
    return known
