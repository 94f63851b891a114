"""Mathematics: arrays in, arrays out, no medicine."""
