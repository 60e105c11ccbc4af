"""The past as it is asked for: states, events, the logbook."""
