"""People's parts in what is measured of a network: effects of giver and receiver, contributions of rows."""
