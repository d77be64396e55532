"""keras.metrics on its torch backend."""

import torch

from benchmarks.competitors.keras_metrics import load_keras, starts
from benchmarks.tools import Tool, accumulating

_JOBS = accumulating(starts(load_keras("torch")), torch.from_numpy)
TOOLS = [Tool("keras (torch)", "library", _JOBS, True, torch.set_num_threads)]
