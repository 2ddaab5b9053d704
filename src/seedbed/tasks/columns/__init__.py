"""The columns of a step's rows: their types, their final names, and those that are promised or added."""
