"""A run watched while it trains, in the terminal or as a page: from its files only."""
