# SPDX-License-Identifier: Apache-2.0
"""Random numbers that are the same again for the same seed and name."""

from __future__ import annotations

import hashlib

import numpy as np


def generator(seed: int, name: str) -> np.random.Generator:
    """Make the random generator of one named purpose.

    Two purposes never share a stream, so adding draws to one leaves the others as they were.

    Parameters
    ----------
    seed
        The run's seed, not negative.
    name
        What the numbers are for, such as ``insertion.motion``.

    Returns
    -------
    numpy.random.Generator
        A PCG64 generator.
    """
    digest = hashlib.sha256(name.encode()).digest()
    words = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))
