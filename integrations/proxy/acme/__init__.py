"""A small ACME client: RFC 8555, renewal information (RFC 9773), external accounts, profiles."""
