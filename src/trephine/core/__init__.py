"""Words that every module shares: errors, findings, frames, units, arrays, provenance, progress."""
