"""The social relations model of a round robin: giver, receiver and what is the pair's own."""
