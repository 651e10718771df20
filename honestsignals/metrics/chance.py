"""Chance: how unequal the giving would be if each act's giver were drawn by lot."""
