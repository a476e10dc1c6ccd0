"""Arrays that are read by reference number: vectors, rows of them, and selections of numbers."""
