"""What a distribution with plugins must do, and distributions that are made up for tests."""
