"""What is drawn and written: the figure and the report."""
