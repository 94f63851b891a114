# SPDX-License-Identifier: Apache-2.0
"""Plan, rehearse and follow a flexible-thread brain implant.

Research and simulation software, not a medical device.
"""

__version__ = "0.1.0"
