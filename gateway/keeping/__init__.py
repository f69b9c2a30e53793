"""What a site keeps, gives back and lets go: backups, everything about one person, proofs, audit, keys."""
