"""Dropout networks: plan, training in one graph, held-out errors, thinned passes.

TensorFlow is known here only: `_tensorflow` loads it when a file that needs it is first used, which are
`_training`, `_updates` and `_propagation`. All others know arrays only.
"""
