"""Register maps as data: what a definition says, checked, compiled, decoded; nothing of the hub."""
