"""What must hold: one module for each kind."""
