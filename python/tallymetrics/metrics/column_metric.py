"""Metrics of rows [rows, columns] that keep sums of each column."""

from typing import Any

import numpy as np

from tallymetrics.inputs import Array, Batch, Layouts, as_array, masked_weights
from tallymetrics.metrics.native import NativeMetric


def columns_batch(layouts: Layouts, column: str) -> Batch:
    """Returns the batch of two arrays [rows, columns], with weights of rows or, [rows, columns], of elements.

    Raises:
        ValueError: If the arrays do not have two axes; `column` says what a column is.
    """
    for name, array in (("y_pred", layouts.y_pred), ("y_true", layouts.y_true)):
        if array.ndim != 2:
            raise ValueError(f"`{name}` must have shape [rows, {column}]. Received shape {array.shape}.")
    given = layouts._sample_weight
    weights = None if given is None else as_array(given, "sample_weight")
    if weights is None or weights.ndim < 2 or weights.shape[1:] == (1,):
        return layouts.dense(column)
    return layouts._made.get("columns") or layouts._keep("columns", _weighted_elements(layouts, weights, column))


def _weighted_elements(layouts: Layouts, weights: Array, column: str) -> Batch:
    shape = layouts.y_pred.shape
    try:
        of_elements = np.broadcast_to(weights, shape)
    except ValueError:
        raise ValueError(
            f"`sample_weight` must broadcast to the shape of `y_pred`, {shape}. Received shape {weights.shape}."
        ) from None
    masked = masked_weights(None, layouts._raw_pred, shape[:1])
    if masked is not None:
        of_elements = of_elements * masked[:, np.newaxis]
    return Layouts(layouts.y_true, layouts.y_pred).dense(column)._replace(weights=of_elements)


class ColumnMetric(NativeMetric):
    """A metric of rows [rows, columns], with sums of each column; the first batch tells how many there are."""

    _column = "columns"

    def __init__(self, name: str | None, dtype: Any, sums: int, additions_per_row: int = 1) -> None:
        super().__init__(dtype, name)
        self._sums = self._exact_sums(sums, "sums", additions_per_row)

    def layout(self, layouts: Layouts) -> Batch:
        return columns_batch(layouts, self._column)

    def _words_for(self, batch: Batch) -> Any:
        """Returns the words to add a batch to, if it has as many columns as those before."""
        rows, width = batch.y_pred.shape
        if self._sums.width not in (0, width):
            raise ValueError(
                f"`y_pred` must have shape [rows, {self._sums.width}], as in the batches before. "
                f"Received shape {batch.y_pred.shape}."
            )
        return self._sums.words_for(width, rows)

    def _sum(self, number: int) -> Any:
        """Returns one of the sums, [columns], each rounded once."""
        with self._lock:
            return self._sums.value[number]
