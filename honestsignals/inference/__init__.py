"""Estimates, covariances and tests: plain functions of arrays."""
