"""The engine: runs steps row by row and settles every row exactly once."""
