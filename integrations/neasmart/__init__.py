"""Rehau Neasmart 2.0 heating zones over Modbus: the hub is the slave, the base its master."""
