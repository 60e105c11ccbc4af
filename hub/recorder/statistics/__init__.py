"""Statistics of 5 minutes, hours and days, and how they are told."""
