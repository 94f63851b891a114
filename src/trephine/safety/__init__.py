"""Limits that a person's safety depends on, as sourced data, and the judging of figures against them."""
