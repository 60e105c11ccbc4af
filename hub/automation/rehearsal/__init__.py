"""Automations tried without a house: test files, and yesterday once more."""
