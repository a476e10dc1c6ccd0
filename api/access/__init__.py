"""Access control: accounts, logins, second factors, sessions, tokens."""
