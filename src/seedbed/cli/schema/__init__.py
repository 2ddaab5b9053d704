"""`seedbed schema`: print the JSON Schema of pipeline files."""
