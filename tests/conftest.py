"""What holds for all tests: one thread for each of the two processes, and the same examples in every run.

Two processes run side by side (`-n=2`); with more threads than cores they would wait for each other. The
variables are read when the libraries are loaded, so they are set before any test module is.
`pytest --hypothesis-profile=searching` looks for new examples instead.
"""

import os

from hypothesis import settings

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(name, "1")

settings.register_profile("searching", derandomize=False)
settings.register_profile("same", derandomize=True)
settings.load_profile("same")
