"""Typed face of the compiled module; see cpp/bindings/plan.cpp."""

from collections.abc import Callable
from typing import Any, overload

import numpy as np
import numpy.typing as npt

SMALL_BATCH: int
SUM_WORDS: int
LIMBS: int
UNIT_LIMB: int

MEAN: int
LABEL_COUNTS: int
RANK_COUNTS: int
ROW_VALUES: int
CLASS_COUNTS: int
MOMENTS: int
THRESHOLD_COUNTS: int
POSITION_COUNTS: int
LABEL_MARGINS: int
PAIR_KEYS: int

VALUE_COUNTS: int
VALUE_CELLS: int
HISTOGRAM_BINS: int

HIT: int
WITHIN_TOP: int
SPARSE_CROSSENTROPY: int
CROSSENTROPY: int
SQUARED_ERROR: int
ABSOLUTE_ERROR: int
EQUAL: int
BINARY_EQUAL: int
ROW_PRECISION: int
ROW_RECALL: int
EARTH_MOVERS: int
MEAN_ERROR: int
ROW_MEAN: int
BINARY_CROSSENTROPY: int
HINGE: int
SQUARED_HINGE: int
CATEGORICAL_HINGE: int
KL_DIVERGENCE: int
POISSON: int
LOG_COSH: int
PERCENTAGE_ERROR: int
SQUARED_LOGARITHMIC_ERROR: int
COSINE: int
PEARSON: int
CONCORDANCE: int
HUBER: int
REACHED: int
RELATIVE_ERROR: int

def add(
    y_true: object,
    y_pred: object,
    weights: object,
    rows_per_sample: int,
    accumulators: tuple[object, ...],
    threads: int,
    committed: list[bool] | None = None,
    kept: list[tuple[list[Any], Any]] = ...,
) -> tuple[int, int] | None: ...
def note_change() -> None: ...
def changes() -> int: ...

class HeldLocks:
    def __init__(self, locks: list[Any]) -> None: ...
    def __enter__(self) -> None: ...
    def __exit__(self, *args: object) -> None: ...

class Repeated:
    @overload
    def __init__(self) -> None: ...
    @overload
    def __init__(
        self,
        looks: tuple[object, ...],
        limbs: tuple[int, int] | None,
        rows_per_sample: int,
        accumulators: tuple[object, ...],
        locks: list[object],
        rows: int,
        threads: Callable[[], int],
        since: int,
    ) -> None: ...
    def add(self, y_true: object, y_pred: object, weights: object) -> bool: ...

def weight_limbs(weights: npt.NDArray[np.generic], threads: int) -> tuple[int, int]: ...
def histogram_bins(scores: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]: ...
def samples_in_bins(
    samples: npt.NDArray[np.generic], origin: float, width: float, marked: npt.NDArray[np.uint8], threads: int
) -> npt.NDArray[np.int64]: ...
def binned_distance(
    masses: npt.NDArray[np.float64], places: npt.NDArray[np.float64], weighted: bool, p: int
) -> tuple[float, float, float]: ...
def open_bins(
    masses: npt.NDArray[np.float64], places: npt.NDArray[np.float64], weighted: bool
) -> npt.NDArray[np.uint8]: ...
def refined_distance(
    masses: npt.NDArray[np.float64],
    places: npt.NDArray[np.float64],
    weighted: bool,
    one: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64] | None],
    other: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64] | None],
) -> float: ...
def sorted_distance(
    one: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64] | None],
    other: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64] | None],
    p: int,
) -> float: ...
def sphere_directions(seed: int, count: int, dimensions: int) -> npt.NDArray[np.float64]: ...
def projections(
    coordinates: npt.NDArray[np.float64], directions: npt.NDArray[np.float64], threads: int
) -> npt.NDArray[np.float64]: ...
def first_outside(samples: npt.NDArray[np.generic], low: float, high: float) -> int: ...
def add_to_tables(
    tables: list[tuple[tuple[npt.NDArray[np.int64], ...], int, npt.NDArray[np.float64] | None]], committed: list[bool]
) -> None: ...
def add_tensor(
    high: npt.NDArray[np.int64],
    low: npt.NDArray[np.int64] | None,
    ones: npt.NDArray[np.int64],
    values: npt.NDArray[np.generic],
    threads: int,
    committed: list[bool],
) -> bool: ...
def carry_planes(planes: list[npt.NDArray[np.int64]]) -> None: ...
def rounded_sums(planes: list[npt.NDArray[np.int64]], first: int) -> npt.NDArray[np.float64]: ...
def split_equal(keys: npt.NDArray[np.int64], equal: npt.NDArray[np.int64], others: npt.NDArray[np.int64]) -> int: ...
def key_runs(
    keys: npt.NDArray[np.int64], equal: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]: ...
def carry_words(words: npt.NDArray[np.generic]) -> None: ...
def read_sum(array: npt.NDArray[np.generic], threads: int) -> int: ...
def transport(
    costs: object,
    metric: bool,
    first: npt.NDArray[np.generic],
    second: npt.NDArray[np.generic],
    unequal: int,
    tolerance: float,
    penalty: float,
    values: object,
    gaps: object,
    flows: object,
    potentials: object,
    threads: int,
) -> object: ...
def is_metric(costs: npt.NDArray[np.float64]) -> bool: ...
def point_costs(
    from_points: npt.NDArray[np.float64], to_by_dimension: npt.NDArray[np.float64], kind: int
) -> npt.NDArray[np.float64]: ...
def regions_with_helpers() -> int: ...
def set_worth_waking(microseconds: int) -> None: ...
def instruction_sets() -> list[str]: ...
def get_instruction_set() -> str: ...
def set_instruction_set(name: str) -> bool: ...
