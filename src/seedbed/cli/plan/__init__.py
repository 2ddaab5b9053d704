"""`seedbed plan`: what a run would cost before it starts."""
