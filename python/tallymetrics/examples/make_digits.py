"""Make digits.parquet: out-of-fold class probabilities of a logistic regression on scikit-learn's handwritten digits.

Run with `python -m tallymetrics.examples.make_digits`; needs scikit-learn and pyarrow.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

_SEED = 0
_FOLDS = 10
_CLIP = 1e-6


def main() -> None:
    """Train, predict, check what the tests rely on, and write the file beside this script."""
    import pyarrow
    from pyarrow import parquet
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler

    images, labels = load_digits(return_X_y=True)
    model = make_pipeline(MinMaxScaler(), LogisticRegression(C=0.5, max_iter=1000))
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=_SEED)
    predictions = cross_val_predict(model, images, labels, cv=folds, method="predict_proba")
    probabilities = predictions.astype(np.float32)

    lowest = probabilities[np.arange(len(labels)), labels].min()
    accuracy = (probabilities.argmax(axis=1) == labels).mean()
    print(f"accuracy {accuracy:.4f}, lowest probability of a true class {lowest:.2g}")
    if lowest <= _CLIP or accuracy == 1.0:
        raise ValueError("The example must have errors, and no true class so improbable that cross-entropy clips it.")

    table = pyarrow.table(
        {
            "label": pyarrow.array(labels, pyarrow.int64()),
            "probabilities": pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(probabilities.ravel()), 10),
        }
    )
    parquet.write_table(table, Path(__file__).with_name("digits.parquet"), compression="zstd", use_dictionary=["label"])


if __name__ == "__main__":
    main()
