"""Skew symmetry by person and pair: dyadic and generalized reciprocity, and overall asymmetry."""
