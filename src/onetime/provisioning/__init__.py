"""Links, exports and QR codes, which carry credentials to apps."""
