"""Modbus devices: any thermostat, meter or relay from a register map; the hub is the master."""
