"""Pure functions and small objects that could be in the standard library."""
