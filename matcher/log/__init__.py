"""The audit log: its entries, how they are written and signed, and what is published of it."""
