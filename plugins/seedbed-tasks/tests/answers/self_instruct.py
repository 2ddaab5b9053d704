"""Two blocks have no rows that feed them; the third has."""

rows = 2 * 64 + 10
