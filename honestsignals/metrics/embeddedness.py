"""Embeddedness: others whom both are in contact with."""
