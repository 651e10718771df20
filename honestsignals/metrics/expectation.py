"""Reciprocity against what a random network with the same totals has."""
