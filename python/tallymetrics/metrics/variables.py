"""The named arrays of a metric: they start at zero and grow by addition."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.mixins import NDArrayOperatorsMixin

Arrays = dict[str, npt.NDArray[Any]]


class Variable(NDArrayOperatorsMixin):
    """A named float64 array of a metric, usable like a NumPy array and assignable like a Keras variable."""

    # Whether what one update or reading began, a change within it would undo.
    held_alone = False

    def __init__(self, initial: npt.NDArray[Any], name: str) -> None:
        self.name = name
        self._initial = initial
        self._value = initial.copy()

    def __setstate__(self, state: dict[str, Any]) -> None:
        # Unpickled arrays may lie in memory that others own.
        vars(self).update({name: _writable(value) for name, value in state.items()})

    @property
    def value(self) -> npt.NDArray[Any]:
        """The array itself."""
        return self._value

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def dtype(self) -> str:
        return self.value.dtype.name

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def numpy(self) -> npt.NDArray[Any]:
        """Returns a copy."""
        return self.value.copy()

    def assign(self, value: Any) -> "Variable":
        """Replaces all values; `value` must have the variable's shape."""
        array = np.asarray(value)
        if array.shape != self.shape:
            raise ValueError(f"`value` must have shape {self.shape}. Received shape {array.shape}.")
        self._value[...] = array
        return self

    def assign_add(self, value: Any) -> "Variable":
        self._value += np.asarray(value)
        return self

    def assign_sub(self, value: Any) -> "Variable":
        self._value -= np.asarray(value)
        return self

    def reset(self) -> None:
        self._value[...] = self._initial

    @property
    def is_shaped(self) -> bool:
        """Whether the shape is known; what a batch is still to shape fits any other."""
        return True

    def fits(self, other: Any) -> bool:
        """Whether `other`, of a metric of equal configuration, can be added."""
        return bool(self.shape == other.shape)

    def add(self, other: Any) -> None:
        """Adds what `other` has gathered since its start."""
        self._value += other.value - other._initial

    def settle(self) -> None:
        """Adds up what waits to be added; for who holds the metric's lock."""

    def arrays(self) -> Arrays:
        """Returns copies of what it keeps, by name; changes nothing."""
        return {self.name: self._value.copy()}

    def load(self, arrays: Arrays) -> None:
        self.assign(arrays[self.name])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return np.array(self.value, dtype=dtype) if copy or dtype is not None else self.value

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        unwrapped = tuple(value.value if isinstance(value, Variable) else value for value in inputs)
        targets = options.pop("out", ())
        result = getattr(ufunc, method)(*unwrapped, **options)
        if not targets:
            return result
        # `variable += 1` assigns to the variable, whatever holds its value.
        target = targets[0]
        if isinstance(target, Variable):
            return target.assign(result)
        target[...] = result
        return target

    def __getitem__(self, index: Any) -> Any:
        return self.value[index]

    def __len__(self) -> int:
        return len(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __repr__(self) -> str:
        return f"<Variable {self.name} shape={self.shape} value={self.value}>"


def _writable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _writable(entry) for key, entry in value.items()}
    return value.copy() if isinstance(value, np.ndarray) and not value.flags.writeable else value


class Table(Variable):
    """A variable that makes room for a batch before the native pass adds it."""

    def offers(self) -> list[tuple[list[Any], Any]]:
        """Returns what is to be appended to lists the moment that the pass adds the batch."""
        return []

    def settle_room(self, added: bool) -> None:
        """Ends what making room began; if the batch was not `added`, the table is as before."""
        raise NotImplementedError

    def limbs_for_repeats(self, rows: int, repeated_rows: int) -> tuple[int, int] | None:
        """Returns the first and last limb of the planes that a batch of `rows` was given, for further batches of
        `repeated_rows` in all whose weights lie between them; None if the table must be asked for each."""
        return None


class View(Variable):
    """A read-only variable: what Keras's metric keeps under this name, read from the state whenever it is asked for."""

    def __init__(self, name: str, read: Callable[[], Any]) -> None:
        self.name = name
        self._read = read

    @property
    def value(self) -> npt.NDArray[Any]:
        return np.asarray(self._read())

    def assign(self, value: Any) -> Variable:
        raise TypeError(f"`{self.name}` is read from the metric's state and cannot be assigned.")

    assign_add = assign_sub = assign


def float_variable(shape: tuple[int, ...], initializer: Any, dtype: str, name: str) -> Variable:
    """Returns a variable for a user's metric; `initializer` is "zeros", "ones" or a function of (shape, dtype), or what
    Keras's `initializers.get` takes for one of them."""
    if isinstance(initializer, dict):
        initializer = initializer.get("class_name")
    if isinstance(initializer, type):
        initializer = initializer()
    if callable(initializer):
        return Variable(np.array(initializer(shape, dtype=dtype), dtype=dtype), name)
    values = {"none": np.zeros, "zeros": np.zeros, "ones": np.ones}.get(str(initializer).lower())
    if values is None:
        raise ValueError(f'`initializer` must be "zeros", "ones" or a function. Received {initializer!r}.')
    return Variable(values(shape, dtype), name)
