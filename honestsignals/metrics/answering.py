"""People: who answers whom, how often and how soon, and who goes first."""
