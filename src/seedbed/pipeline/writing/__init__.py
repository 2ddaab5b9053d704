"""From a pipeline back to the text of a pipeline file."""
