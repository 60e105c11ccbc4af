"""Modbus devices: any thermostat, meter or relay from a register map, polled well; the hub is master."""
