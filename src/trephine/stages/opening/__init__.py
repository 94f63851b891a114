# SPDX-License-Identifier: Apache-2.0
"""Answer where the skull should be opened, and how the implant sits in it.

Inputs: the anatomy, the hand map, the angiogram where there is one, the device. Output: one ``Opening`` (the
implant's pose, the outlines of bone and dura to open, and what was measured there). The method is described
in ``docs/explanation/opening.md``.

References
----------
``jang`` for where the hand knob lies under the scalp, ``podcast2024`` for the order of the surgery.
"""

VERSION = "2"
