"""Runs every check on one backend in one process, since importing Keras and a backend takes seconds.

`KERAS_BACKEND=torch python tests/keras_training/run.py [names]` prints a line of JSON for each check: its name and what
went wrong, or null. `check_jax_...` and `check_tensorflow_...` are of one backend alone.
"""

import importlib
import json
import os
import sys
import traceback
from pathlib import Path

# Two devices where the backend can split one processor.
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if os.environ["KERAS_BACKEND"] == "tensorflow":
    import tensorflow

    half = tensorflow.config.LogicalDeviceConfiguration()
    tensorflow.config.set_logical_device_configuration(tensorflow.config.list_physical_devices("CPU")[0], [half, half])

OTHERS = tuple(f"check_{name}_" for name in ("torch", "jax", "tensorflow") if name != os.environ["KERAS_BACKEND"])
MODULES = ("callback_checks", "wrapper_checks", "saving_checks", "loss_checks")


def main(wanted):
    sys.path.insert(0, str(Path(__file__).parent))
    for module in map(importlib.import_module, MODULES):
        for name, check in vars(module).items():
            if name.startswith("check_") and not name.startswith(OTHERS) and (not wanted or name in wanted):
                try:
                    check()
                    fault = None
                except Exception:
                    fault = traceback.format_exc()
                print(json.dumps([name, fault]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
