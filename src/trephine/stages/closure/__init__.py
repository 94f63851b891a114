# SPDX-License-Identifier: Apache-2.0
"""Answer how the implant sits, what covers and holds it, what it draws, and how warm it makes tissue.

Seat and power (``seat_run``) take the opening, the anatomy, vessels where known, the thread plan, the device
and a power profile, and give a ``SeatResult``: ``docs/explanation/closure.md``. Heat (``run``) takes tissue
labels, the implant's pose, the device and the table of tissues, and gives rises per milliwatt by tissue,
allowed power with its doubt, and where the heat goes: ``docs/explanation/heat.md``.

References
----------
``pneumocephalus2022`` and ``reasoner1994`` for air after craniotomies, ``faria2014`` and ``popsci`` for the
brain's motion, ``quallion2013`` and ``lithiumvad`` for the ageing of batteries; ``pennes1948`` and ``itis``
for heat.
"""

VERSION = "1"
