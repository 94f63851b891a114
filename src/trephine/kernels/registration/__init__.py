# SPDX-License-Identifier: Apache-2.0
"""Lay one image on another: rigid, affine and smooth maps between bare arrays."""
