"""Images to faces to templates to an audited search of the consented gallery. Knows no cameras and no HTTP."""
