# SPDX-License-Identifier: Apache-2.0
"""Answer which movement the spikes mean, on the day of training and later.

Inputs: recordings of spike counts, some with the movement made. Outputs: a ``Decoder``, and the velocity
decoded from a recording. The method is described in ``docs/explanation/decoding.md``.

References
----------
``dempster1977`` and ``shumway1982`` for expectation-maximisation of linear systems, ``kao2017`` for
dynamics that are remembered.
"""

VERSION = "1"
