"""Plan, rehearse and follow a flexible-thread brain implant.

Research and simulation software, not a medical device.
"""

# SPDX-License-Identifier: Apache-2.0

__version__ = "0.1.0"
