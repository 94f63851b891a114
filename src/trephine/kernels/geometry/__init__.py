# SPDX-License-Identifier: Apache-2.0
"""Geometry on bare arrays: height maps, outlines, segments, clearances, dark lines in pictures."""
