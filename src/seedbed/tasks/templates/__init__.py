"""Prompts and conditions over the columns of a row, in a sandbox that bounds their work.

`template` fills in prompts and `expression` evaluates conditions, both with Jinja2 in the `sandbox`. Simple
ones become a Python function that takes a tenth of the time (`direct_template`, `direct_expression`), and
that leaves to the sandbox whatever it isn't certain of.
"""
