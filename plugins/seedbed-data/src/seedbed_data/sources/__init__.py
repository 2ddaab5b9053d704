"""Sources: the steps that read rows from files, databases and datasets."""
