# SPDX-License-Identifier: Apache-2.0
"""The path of one participant: one folder a stage, none of which knows another."""
