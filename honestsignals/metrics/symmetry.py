"""How symmetric the matrix of giving is."""
