"""What the peer layer costs, and what it is worth beside what a user would take instead."""
