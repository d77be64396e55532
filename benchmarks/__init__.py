"""Times tallymetrics and its competitors on the same arrays, beside a plain read of those arrays."""
