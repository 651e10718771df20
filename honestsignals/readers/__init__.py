"""Files and tables in, checked arrays out."""
