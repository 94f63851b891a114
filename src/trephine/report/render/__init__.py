# SPDX-License-Identifier: Apache-2.0
"""A small orthographic renderer: solids as smooth fields, rays marched to the first hit, light from depth."""
