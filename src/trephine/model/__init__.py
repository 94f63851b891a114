"""Frozen nouns: what stages hand to one another."""
