"""Gates: rules about the tree that a script can hold; each says how much it examined and what it found."""
