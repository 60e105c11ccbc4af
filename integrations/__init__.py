"""One folder per outside system; the hub finds them by name and loads those that are configured."""
