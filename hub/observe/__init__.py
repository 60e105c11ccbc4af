"""What the hub tells about itself: the log."""
