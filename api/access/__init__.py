"""Who may come in: accounts, logins, second factors, sessions, tokens, permissions."""
