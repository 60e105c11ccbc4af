"""From parts in force to parts served: one server at a time, tested, swapped, proven."""
