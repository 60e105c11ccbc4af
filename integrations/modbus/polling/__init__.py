"""What is read when, what came of it, and what is written: plans, values, devices."""
