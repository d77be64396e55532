"""Why a job misses a target: what its least work takes, and what was tried. The README shows those of the last run."""

from __future__ import annotations

REASONS: dict[str, str] = {
    "confusion_10": (
        "Making cells and counting them takes about as long in the first-level cache as the labels take to come from "
        "memory; with a neighbour on the core's other thread it takes longer."
    ),
    "confusion_1000": (
        "Counts of a million cells outgrow the second-level cache, even in bytes. Increments alone, of cells that are "
        "known before, take longer than a plain read of the labels, for a store of less than 32 bits takes two "
        "cycles; making the cells comes on top, and both share the caches with the labels that pass through."
    ),
    "confusion_weighted": (
        "Sums are exact here and rounded by hand: a weight becomes an integer, and cells are 64 bits wide. Increments "
        "of equal cells wait for each other, whatever the memory does."
    ),
    "confusion_maps": (
        "Making cells and counting them takes about as long in the first-level cache as the labels take to come from "
        "memory; with a neighbour on the core's other thread it takes longer. Of bytes, one increment a pair takes "
        "several times as long as the read."
    ),
    "accuracy": (
        "A jitted keras reads its arrays once as well: no tool that reads them can be ten times as fast. Comparing "
        "ten columns in registers takes nearly as long as fetching them, and what is left of so short a job, the "
        "conversion of labels and waking the second thread, shows."
    ),
    "top_5": (
        "The fastest library takes less than ten plain reads: no tool that reads the scores can be ten times as fast. "
        "The scan takes hardly longer than the read; neither fewer comparisons nor another distance of asking ahead "
        "came closer, and from one process to the next the same code takes some hundredths of a read more or less."
    ),
    "top_5_wide": (
        "A jitted keras reads its arrays once as well: no tool that reads them can be ten times as fast. The scan "
        "itself is quicker than the memory; it reads rows one by one, where the plain read takes all rows as one."
    ),
    "top_5_wide_half": (
        "A jitted keras reads its arrays once as well: no tool that reads them can be ten times as fast. Ranks of "
        "halves are counted at the speed of memory, by hand as here."
    ),
    "auc_200": (
        "Each element has its bucket computed and a cell incremented: one store to another line, of which the "
        "processor makes one a cycle, beside a chain of a dozen operations. That takes as long as memory does and "
        "overlaps with it only in part, and two threads on one core share its stores. Making the metric and reading "
        "the area, by code that the batch has driven out of the cache, is some hundredths of a read."
    ),
    "auc_exact": "Every score is kept or binned; threads share the scores, not the merging of what they kept.",
    "binary_counts": "Bound by memory, here as by hand: which of the two is ahead changes from run to run.",
    "regression": (
        "Exact sums of both errors take some four vector operations an element, nearly as many as fit beside the "
        "memory; the loops by hand round their sums and take half as many. Two threads on one core share its vector "
        "units."
    ),
    "collection": (
        "Sums in double precision are added to each comparison of top-5. Making and reading a state of 1000 x 1000 "
        "cells is part of the time, and no thread shares it."
    ),
    "collection_logits": (
        "An exponential, a maximum and a comparison of eight scores take about twenty operations on four vector "
        "units, each of which waits for others: within the first-level cache that takes nearly as long as from memory, "
        "so the memory is not what is waited for. In the best of some hundred orders the operations fill three of the "
        "units. Making and reading a state of 1000 x 1000 cells is part of the time."
    ),
    "row_emd": "Two arrays of wide rows are read in strips that are transposed; sums of a row stay in sequence.",
    "update_32": "What is left is the call from Python, two looks at arrays and a lock.",
    "update_32_collection": "What is left is the call from Python, two looks at arrays and five locks.",
}
