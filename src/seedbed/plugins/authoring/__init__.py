"""Mistakes that authors make in a plugin's class, found when it's defined."""
