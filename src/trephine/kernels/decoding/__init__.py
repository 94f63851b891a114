# SPDX-License-Identifier: Apache-2.0
"""Movement from binned spike counts: linear maps, filters, latents; every decoder is causal."""
