"""Runs the library: folders, resume, parallelism, command line."""

import os

# Photos run side by side already. BLAS threads upon that only wait for each other (a factor of 158 unknowns took .25 s, alone
# .0002, and a survey 18 core-seconds for 8), and their number would change last digits. Read when NumPy and SciPy load.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
