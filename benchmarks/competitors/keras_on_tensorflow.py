"""keras.metrics on its tensorflow backend, which takes no float16 in top-k."""

import tensorflow as tf

from benchmarks.competitors.keras_metrics import load_keras, starts
from benchmarks.tools import Tool, accumulating

_STARTS = {name: start for name, start in starts(load_keras("tensorflow")).items() if name != "top_5_wide_half"}
TOOLS = [Tool("keras (tensorflow)", "library", accumulating(_STARTS, tf.convert_to_tensor), parallel=True)]
