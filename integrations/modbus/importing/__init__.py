"""What other programs had in their files, as resources of this integration."""
