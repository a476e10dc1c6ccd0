"""What each kind of entry says, version 2, which is written now: one file for each matter that entries tell of."""
