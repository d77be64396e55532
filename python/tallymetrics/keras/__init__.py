"""These metrics inside Keras's training: a callback, metrics for `compile`, and losses to train on what is measured.

Importing this package registers all of them with Keras, so that saved models load without `custom_objects`.
"""

try:
    import keras as _keras  # noqa: F401
except ImportError as error:
    if error.name != "keras":
        raise
    raise ImportError("`tallymetrics.keras` needs Keras 3: pip install 'tallymetrics[keras]'", name="keras") from error

from tallymetrics.keras import losses
from tallymetrics.keras.callback import EvaluationCallback
from tallymetrics.keras.loading import load_model
from tallymetrics.keras.wrapper import WrappedMetric, wrap

__all__ = ["EvaluationCallback", "WrappedMetric", "load_model", "losses", "wrap"]
