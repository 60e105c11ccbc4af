"""Links: one connection shared by its devices, turn by turn; nothing of the hub but its breaker."""
