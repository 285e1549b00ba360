"""The server's side: each code is accepted once, and attackers are throttled."""
