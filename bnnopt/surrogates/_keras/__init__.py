"""Keras networks of the user's own: built, checked, trained by Keras, and thinned."""
