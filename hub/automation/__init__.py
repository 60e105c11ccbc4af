"""Automations, scripts, scenes and template entities."""
