"""Symmetric and skew-symmetric parts of what the two gave, against all that each gave and got."""
