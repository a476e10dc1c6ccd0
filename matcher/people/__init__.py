"""The people in the gallery: subjects, references, declarations; how they are read, opened and erased."""
