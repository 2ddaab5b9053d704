"""What steps and tasks must do: their contracts, and the bench that runs them."""
