"""Counts of the pairs of classes that occur: sorted keys, and the weight of each."""

from typing import Any

import numpy as np
import numpy.typing as npt

from tallymetrics import _core
from tallymetrics.metrics.exact_table import ExactTable
from tallymetrics.metrics.variables import Arrays, Variable
from tallymetrics.metrics.waiting_table import WaitingTable

Keys = npt.NDArray[np.int64]
Weights = npt.NDArray[Any] | None

# Fewer pairs than this wait for others: room for new keys costs a copy of the table.
_WAITING_PAIRS = 1 << 20
_FIRST_ROOM = 1 << 10
# Equal labels are counted by class where there are at most so many, or twice as many as pairs.
_FEW_CLASSES = 1 << 12
_NO_KEYS: Keys = np.zeros(0, np.int64)


class PairTable(WaitingTable):
    """Exact counts of pairs by key, of those keys alone that occurred: a function of all that was added, in whatever
    order. Merging aligns the sorted keys and adds up the counts."""

    def __init__(self, name: str, classes: int) -> None:
        super().__init__((0,), name)
        self._classes = classes
        self.keys = _NO_KEYS
        # How many keys wait, they, and room for more: what the pass writes of batches without weights.
        self._room = _room_for(0)
        # The same for each batch that is large or has weights, and the weights.
        self._batches: list[tuple[Keys, Weights]] = []
        self._pairs_in_batches = 0
        self._offered: tuple[Keys, Weights] | None = None

    def offer(self, pairs: int, weights: Weights, is_small: bool) -> Keys:
        """Returns room for the keys of a batch, which the pass will write; `settle_room` ends that."""
        if weights is not None or not is_small:
            room = _room_for(pairs)
            self._offered = room, None if weights is None else weights.copy()
            return room
        # Until the pass has added the batch, nor may the short way.
        _core.note_change()
        waiting = int(self._room[0])
        if waiting + pairs >= len(self._room):
            if waiting and waiting + pairs > _WAITING_PAIRS:
                self._count()
                waiting = 0
            room = _room_for(max(waiting + pairs, min(4 * waiting, _WAITING_PAIRS)))
            room[: waiting + 1] = self._room[: waiting + 1]
            self._room = room
        return self._room

    def offers(self) -> list[tuple[list[Any], Any]]:
        return [] if self._offered is None else [(self._batches, self._offered)]

    def settle_room(self, added: bool) -> None:
        super().settle_room(added)
        if self._offered is not None and added:
            self._pairs_in_batches += int(self._offered[0][0])
        self._offered = None
        if self._pairs_in_batches + self._room[0] >= _WAITING_PAIRS:
            self._count()

    @property
    def _waits(self) -> bool:
        return bool(self._room[0]) or bool(self._batches)

    def _counted_copy(self) -> "PairTable":
        settled = self._copied()
        batches: list[tuple[Keys, Weights]] = [(settled._room, None), *settled._batches]
        settled._forget_waiting()
        groups: dict[Any, list[tuple[Keys, Weights]]] = {}
        for entry in batches:
            groups.setdefault(None if entry[1] is None else entry[1].dtype, []).append(entry)
        for entries in groups.values():
            filled = [_keys_in(room) for room, _ in entries if room[0]]
            keys = filled[0] if len(filled) == 1 else np.concatenate([_NO_KEYS, *filled])
            weights = [one for _, one in entries if one is not None]
            if weights:
                settled._add_planes(*_weighed(_numbered(keys, self._classes), np.concatenate(weights)))
            elif len(keys):
                settled._add_planes(*_counted(keys, self._classes))
        return settled

    def _forget_waiting(self) -> None:
        self._room = _room_for(0)
        self._batches, self._pairs_in_batches = [], 0

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

    def fits(self, other: Any) -> bool:
        return isinstance(other, PairTable)

    def add(self, other: Any) -> None:
        other.settle()
        other = other.settled()
        other.carry()
        self._add_planes(other.keys, other._planes)

    def reset(self) -> None:
        self._resize(_NO_KEYS)

    def _resize(self, keys: Keys) -> None:
        self._forget_waiting()
        self.keys = keys
        self._replace(np.zeros(len(keys), np.int64))

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


def _keys_in(room: Keys) -> Keys:
    return room[1 : 1 + room[0]]


class KeysOfTable(Variable):
    """The keys of a table, saved and loaded before it."""

    def __init__(self, name: str, table: PairTable, end: int) -> None:
        self.name = name
        self._table = table
        self._end = end

    @property
    def value(self) -> npt.NDArray[Any]:
        return self._table.settled().keys

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


def _room_for(pairs: int) -> Keys:
    room = np.empty(1 + max(pairs, _FIRST_ROOM), np.int64)
    room[0] = 0
    return room


def _numbered(keys: Keys, classes: int) -> Keys:
    """Keys as the pass writes them, -2 - label for equal labels, as true * classes + predicted."""
    return np.where(keys < -1, (-2 - keys) * (classes + 1), keys)


def _counted(keys: Keys, classes: int) -> tuple[Keys, dict[int, npt.NDArray[np.int64]]]:
    """The distinct keys, sorted, and the planes of their counts; of keys as the pass writes them, -1 for none."""
    if classes <= max(_FEW_CLASSES, 2 * len(keys)):
        equal = np.zeros(classes + 1, np.int64)
        others = np.empty(len(keys), np.int64)
        others = others[: _core.split_equal(keys, equal, others)]
    else:
        equal = _NO_KEYS
        others = _numbered(keys, classes)
        others = others[others >= 0]
    others.sort()
    distinct, counts = _core.key_runs(others, equal)
    return distinct, {_core.UNIT_LIMB: counts}


def _weighed(keys: Keys, weights: npt.NDArray[Any]) -> tuple[Keys, dict[int, npt.NDArray[np.int64]]]:
    """The distinct keys, sorted, and the planes of their exact weights; -1 for no key."""
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
