"""Puts an existing script under Headway: reads what is there, guesses, says what it guessed, writes the wish."""
