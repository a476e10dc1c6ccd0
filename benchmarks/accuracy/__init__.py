"""How often recognition errs: verification, identification, groups, and what was chosen by which."""
