"""Papers whose methods several tasks follow."""

from __future__ import annotations

from seedbed import Citation

BACKTRANSLATION = Citation(
    "Self-Alignment with Instruction Backtranslation",
    authors=("Xian Li", "Ping Yu", "Chunting Zhou", "Timo Schick", "Omer Levy", "others"),
    year=2023,
    arxiv="2308.06259",
)

DEITA = Citation(
    "What Makes Good Data for Alignment? A Comprehensive Study of Automatic Data Selection in "
    "Instruction Tuning",
    authors=("Wei Liu", "Weihao Zeng", "Keqing He", "Yong Jiang", "Junxian He"),
    year=2023,
    arxiv="2312.15685",
)
