"""Two runs side by side: what they were made with, what became of each row, and what they have cost."""
