"""One file a figure: nouns in, drawings out."""
