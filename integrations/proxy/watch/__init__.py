"""What is seen of the servers and hosts while nothing changes, and the entities that show it."""
