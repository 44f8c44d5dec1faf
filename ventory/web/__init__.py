"""HTTP plumbing that every slice shares: who asks, what was sent, how errors, lists and forms look."""
