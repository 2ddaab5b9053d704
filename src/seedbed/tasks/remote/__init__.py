"""Files at addresses such as `s3://bucket/rows.jsonl`."""
