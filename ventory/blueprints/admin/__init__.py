"""Running an inventory: its people, invitations and settings."""
