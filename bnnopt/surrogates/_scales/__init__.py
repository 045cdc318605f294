"""Outcomes learned on another scale: the scales, a fit on one or on several, and the way back."""
