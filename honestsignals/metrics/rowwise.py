"""Correlations within rows of a matrix and its transpose: who gives to whom they get from."""
