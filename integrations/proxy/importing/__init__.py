"""What a reverse proxy has today, read and told as resources, with a report of what it is not."""
