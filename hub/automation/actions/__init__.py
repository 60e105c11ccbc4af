"""What automations and scripts do: one module for each family of steps."""
