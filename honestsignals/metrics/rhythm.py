"""Rhythm: gaps between acts, periods of both, and silence."""
