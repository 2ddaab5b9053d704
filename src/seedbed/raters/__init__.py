"""How far raters agree, and where the scores of a judge part good from bad."""
