# SPDX-License-Identifier: Apache-2.0
"""Answer where every thread goes, from which anchor, in which order.

Inputs: the opening, the anatomy, the hand map, the angiogram and the live view where they exist, the device,
the robot. Outputs: a ``ThreadPlan``, the ``Obstacles`` it was made on and the ``Ground`` below. The method is
described in ``docs/explanation/placement.md``.

References
----------
``kozai2010`` for keeping away from vessels, ``whitepaper2019`` for the spacing, ``huangfu2018`` for HiGHS,
``nemhauser1978`` for the coverage's first packing, ``balas1995`` for the proof of the order.
"""

VERSION = "11"
