"""Dropout networks: plan, training in one graph, held-out errors, thinned passes.

TensorFlow is known here only: `_tensorflow` loads it when a file that needs it is first used. `_fit`,
`_ensemble`, `_plan`, `_networks`, `_scaling` and `_held_out_error` know arrays only.
"""
