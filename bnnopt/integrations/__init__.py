"""Other people's engines with what bnnopt has; each is a module that needs a package of its own."""
