"""Several disciplines, so that paths differ."""

parameters = {"taxonomy": {"crafts": ["baking", "sewing", "plumbing"], "sports": ["chess", "training"]}}
