"""Reciprocity of a network, by each of its definitions."""
