"""Whether giving brings giving back: return soon after an act, against return at other times."""
