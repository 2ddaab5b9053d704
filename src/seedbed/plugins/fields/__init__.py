"""The fields that users set: building an object from them, and saying what doesn't fit."""
