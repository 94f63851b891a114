# SPDX-License-Identifier: Apache-2.0
"""One self-contained page per person: the verdict and the plan first, then how it was come by.

Reads the case folder and computes nothing clinical; ``sections.toml`` declares what the page holds.
"""

from trephine.report.write import write

__all__ = ["write"]
