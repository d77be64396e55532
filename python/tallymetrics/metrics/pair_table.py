"""Counts of the pairs of classes that occur: sorted keys, and the weight of each."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.metrics.exact_table import ExactTable
from tallymetrics.metrics.variables import Arrays, Variable

Keys = npt.NDArray[np.int64]
Weights = npt.NDArray[Any] | None

# Fewer pairs than this wait for others: room for new keys costs a copy of the table.
_WAITING_PAIRS = 1 << 20
_NO_KEYS: Keys = np.zeros(0, np.int64)


class PairTable(ExactTable):
    """Exact counts of pairs by key, of those keys alone that occurred: a function of all that was added, in whatever
    order. Merging aligns the sorted keys and adds up the counts."""

    _repeats_weights = False

    def __init__(self, name: str) -> None:
        super().__init__((0,), name)
        self.keys = _NO_KEYS
        self._waiting: list[tuple[Keys, Weights]] = []
        self._waiting_pairs = 0
        self._offered: tuple[Keys, Weights] | None = None

    def offer(self, keys: Keys, weights: Weights) -> None:
        """Takes the keys of a batch, which the pass will write, -1 for rows to leave out; `settle_room` ends that."""
        self._offered = keys, weights

    def settle_room(self, added: bool) -> None:
        super().settle_room(added)
        if self._offered is not None and added:
            keys, weights = self._offered
            self._waiting.append((keys, None if weights is None else weights.copy()))
            self._waiting_pairs += len(keys)
        self._offered = None
        if self._waiting_pairs >= _WAITING_PAIRS:
            self.settle()

    def settle(self) -> None:
        """Counts the pairs that wait."""
        if not self._waiting:
            return
        settled = self._copied()
        waiting, settled._waiting, settled._waiting_pairs = self._waiting, [], 0
        groups: dict[Any, list[tuple[Keys, Weights]]] = {}
        for entry in waiting:
            groups.setdefault(None if entry[1] is None else entry[1].dtype, []).append(entry)
        for entries in groups.values():
            keys = np.concatenate([keys for keys, _ in entries])
            weights = [weights for _, weights in entries if weights is not None]
            distinct, planes = _counted(keys, np.concatenate(weights) if weights else None)
            settled._add_planes(distinct, planes)
        self._become(settled)

    def _add_planes(self, keys: Keys, planes: dict[int, npt.NDArray[np.int64]]) -> None:
        if not len(self.keys):
            self.keys, self._planes = keys, {limb: plane.copy() for limb, plane in planes.items()}
            self.carry()
            return
        merged = np.union1d(self.keys, keys)
        if len(merged) > len(self.keys):
            own = np.searchsorted(merged, self.keys)
            self._planes = {limb: _moved(plane, own, len(merged)) for limb, plane in self._planes.items()}
            self.keys = merged
        addend = ExactTable((0,), self.name)
        places = np.searchsorted(merged, keys)
        addend._planes = {limb: _moved(plane, places, len(merged)) for limb, plane in planes.items()}
        super().add(addend)

    @property
    def shape(self) -> tuple[int, ...]:
        self.settle()
        return self._units.shape

    @property
    def value(self) -> npt.NDArray[Any]:
        self.settle()
        return super().value

    def mapped(self, function: Any) -> npt.NDArray[Any]:
        self.settle()
        return super().mapped(function)

    def fits(self, other: Any) -> bool:
        return isinstance(other, PairTable)

    def add(self, other: Any) -> None:
        self.settle()
        other.settle()
        other.carry()
        self._add_planes(other.keys, other._planes)

    def reset(self) -> None:
        self._resize(_NO_KEYS)

    def _resize(self, keys: Keys) -> None:
        self._waiting, self._waiting_pairs = [], 0
        self.keys = keys
        self._replace(np.zeros(len(keys), np.int64))

    def arrays(self) -> Arrays:
        self.settle()
        return super().arrays()

    def assign(self, value: Any) -> Variable:
        self.settle()
        array = np.asarray(value)
        if array.shape != self.keys.shape or array.dtype.kind not in "biu":
            raise ValueError(
                f"`value` must hold integers for {len(self.keys)} pairs. Received {array.dtype} {array.shape}."
            )
        self._resize(self.keys)
        self._units[...] = array
        return self


class KeysOfTable(Variable):
    """The keys of a table, saved and loaded before it."""

    def __init__(self, name: str, table: PairTable, end: int) -> None:
        self.name = name
        self._table = table
        self._end = end

    @property
    def value(self) -> npt.NDArray[Any]:
        self._table.settle()
        return self._table.keys

    def assign(self, value: Any) -> Variable:
        keys = np.array(value)
        are_sorted = keys.ndim == 1 and keys.dtype.kind in "iu" and bool((keys[1:] > keys[:-1]).all())
        if not are_sorted or (len(keys) and not 0 <= keys[0] <= keys[-1] < self._end):
            raise ValueError(
                f"`{self.name}` must hold increasing integers in [0, {self._end}). "
                f"Received {keys.dtype} of shape {keys.shape}."
            )
        self._table._resize(keys.astype(np.int64))
        return self

    def fits(self, other: Any) -> bool:
        return isinstance(other, KeysOfTable)

    def add(self, other: Any) -> None:
        """The table adds its keys with its counts."""

    def reset(self) -> None:
        """The table resets its keys with its counts."""

    def arrays(self) -> Arrays:
        return {self.name: self.value.copy()}


def _counted(keys: Keys, weights: Weights) -> tuple[Keys, dict[int, npt.NDArray[np.int64]]]:
    """The distinct keys, sorted, and the planes of their exact counts."""
    if weights is None:
        keys = np.sort(keys)
        keys = keys[np.searchsorted(keys, 0) :]
        starts = np.flatnonzero(np.diff(keys, prepend=-1))
        return keys[starts], {_core.UNIT_LIMB: np.diff(starts, append=len(keys))}
    taken = keys >= 0
    if not taken.all():
        keys, weights = keys[taken], weights[taken]
    distinct = np.unique(keys)
    count = len(distinct)
    table = ExactTable((3 * count + 1,), "counts")
    planes, first_limb = table.planes_for(weights, len(keys))
    if count:
        # Pairs of equal labels are the hits of their class.
        places = np.searchsorted(distinct, keys)
        _core.add(places, places, weights, 1, ((_core.LABEL_MARGINS, planes, first_limb, count, None),), 1)
    return distinct, {limb: plane[:count] for limb, plane in table._planes.items()}


def _moved(plane: npt.NDArray[np.int64], places: npt.NDArray[np.intp], count: int) -> npt.NDArray[np.int64]:
    result = np.zeros(count, np.int64)
    result[places] = plane
    return result
