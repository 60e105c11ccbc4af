"""A thermometer that answers one line of text over TCP."""
