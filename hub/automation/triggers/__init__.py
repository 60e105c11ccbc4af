"""What sets an automation off: one module for each kind."""
