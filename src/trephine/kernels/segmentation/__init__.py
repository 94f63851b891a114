# SPDX-License-Identifier: Apache-2.0
"""Split an image into regions: shading, boundaries, mixtures of tissues, tubes, meshes."""
