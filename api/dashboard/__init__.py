"""The operator's pages: templates, style and small ES modules that talk to the API and to nothing else."""
