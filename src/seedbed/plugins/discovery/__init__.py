"""Finds what is installed, from metadata, and imports only the plugin that is named."""
