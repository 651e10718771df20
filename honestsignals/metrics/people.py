"""People: how much of what each gave and got was returned."""
