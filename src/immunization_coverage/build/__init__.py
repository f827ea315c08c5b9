"""Builds the warehouse in a private place and publishes it in one step."""
