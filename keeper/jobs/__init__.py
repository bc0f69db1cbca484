"""The keeper's duties."""
