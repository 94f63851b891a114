# SPDX-License-Identifier: Apache-2.0
"""Signals and image series: motion between volumes, slice timing, foreground."""
