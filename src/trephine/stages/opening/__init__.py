# SPDX-License-Identifier: Apache-2.0
"""Answer where the skull should be opened, and how the implant sits in it.

Inputs: the anatomy, the hand map, the angiogram where there is one, the device. Output: one
``OpeningResult``: the implant's pose with its alternatives and their expected yield, the outlines of scalp,
bone and dura, what was measured there, and a drill template. The method is described in
``docs/explanation/opening.md``.

References
----------
``jang`` for where the hand knob lies under the scalp, ``podcast2024`` for the order of the surgery.
"""

VERSION = "5"
