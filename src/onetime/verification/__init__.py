"""The verifier's side: each code once, guessers slowed, owners never locked out."""
