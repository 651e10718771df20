"""Dyads and triads of a network, counted by who gave whom."""
