"""What is known before reading: terms and their concepts, cue words, predicates, and how they are matched."""
