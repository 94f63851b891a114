# SPDX-License-Identifier: Apache-2.0
"""Statistics: z scores, pooling over runs, jackknife, nuisance regressors."""
