"""Figures: each takes a table and an Axes, and returns the Axes."""
