"""honestsignals."""
