# SPDX-License-Identifier: Apache-2.0
"""Limits that a person's safety depends on, as sourced data, and the judging of figures against them."""
