"""Where each pair's acts are brought together, in time order."""
