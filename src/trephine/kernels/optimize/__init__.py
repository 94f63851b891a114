# SPDX-License-Identifier: Apache-2.0
"""Discrete optimisation on bare arrays: packing with a proven bound, matching, ordering."""
