"""The hub as a Modbus server: several clients share one line, within what they may do."""
