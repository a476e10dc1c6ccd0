"""How often recognition errs: verification, identification, groups."""
