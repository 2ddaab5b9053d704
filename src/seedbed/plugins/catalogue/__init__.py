"""What plugins are for and what they cost: listing, searching and checking them."""
