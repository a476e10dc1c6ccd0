"""Child processes: how they are started and confined, and which processor the packages need."""
