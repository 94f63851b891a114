# SPDX-License-Identifier: Apache-2.0
"""Mapping: where is the hand, by function and by anatomy, and how sure is that.

In: task runs (``TaskRun``) and the person's ``Anatomy``. Out: a ``HandMap`` with one map a contrast, the hand
area's centre with its standard deviation, the hand knob of the template and of the person's own cortex
beside it, and the value of cortex.

References: [friston1994]_, [greveFischl2009]_, [power2012]_, [yousry1997]_, [omega2011]_,
[omega2021]_, [nilearn]_.
"""

VERSION = "4"
