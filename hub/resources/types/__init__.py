"""Resource types that belong to no integration; each module declares `TYPES`."""
