# SPDX-License-Identifier: Apache-2.0
"""Closure: how warm the seated implant makes this person's tissue, and how much power is allowed.

Inputs: tissue labels, the implant's pose, the device, the table of tissues. Outputs: rises per milliwatt by
tissue, allowed power with its doubt, where the heat goes. References: ``pennes1948``, ``itis``.
"""
