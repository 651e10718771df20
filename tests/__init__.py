"""Tests of honestsignals."""
