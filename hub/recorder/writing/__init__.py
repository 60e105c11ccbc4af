"""From what happens to rows: filter, bounded queue, numbers for names, one writer."""
