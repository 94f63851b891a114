# SPDX-License-Identifier: Apache-2.0
"""Answer how the robot fares with this plan on a moving brain.

Inputs: the plan, the obstacles it was made on, the device, the robot, the motion of the brain. Output: an
``InsertionLog``, simulated. The method is described in ``docs/explanation/insertion.md``.

References
----------
``faria2014`` for the motion of exposed cortex, ``whitepaper2019review`` for the robot, ``clopper1934`` for
the interval of a share.
"""

VERSION = "1"
