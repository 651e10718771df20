"""What is written: the report."""
