"""Why a job misses a target: what was tried, and what its least work takes. The READMEs show those of the last run."""

REASONS: dict[str, str] = {
    "update_32": "",
}
