"""What a member of the database does about itself: its disk, its secrets, its set, its state."""
