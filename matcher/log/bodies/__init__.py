"""What each kind of entry says: one file for each matter that entries tell of."""
