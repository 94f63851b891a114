"""Which stages are stale, running them in order, and where a case stands."""
# SPDX-License-Identifier: Apache-2.0
