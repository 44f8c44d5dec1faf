"""The front door: home, and whether the service is well."""
