"""The verifier's side: each code once, guessers slowed, delayed owners let in by three codes."""
