"""One module for each command of `hub`."""
