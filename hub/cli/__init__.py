"""The `hub` command; heavy rooms are imported inside the commands that need them."""
