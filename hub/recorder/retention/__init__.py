"""Old rows go, space comes back, and what fills the database."""
