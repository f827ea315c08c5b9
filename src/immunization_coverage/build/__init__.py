"""Builds the warehouse in a private folder and publishes it in one step."""
