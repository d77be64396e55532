"""Why a job misses a target: what was tried, and what its least work takes. The READMEs show those of the last run."""

REASONS: dict[str, str] = {
    "update_32": "the call from Python to the module, and the look at two arrays, take the time; numba compiles for fixed types.",
}
