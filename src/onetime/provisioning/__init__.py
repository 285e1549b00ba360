"""How a credential travels from the server to the app."""
