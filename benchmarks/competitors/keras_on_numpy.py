"""keras.metrics on its numpy backend."""

from benchmarks.competitors.keras_metrics import load_keras, starts
from benchmarks.tools import Tool, accumulating

TOOLS = [Tool("keras (numpy)", "library", accumulating(starts(load_keras("numpy"))))]
