"""What belongs to a metric: its variables, and the metrics among its attributes."""

import itertools
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tallymetrics.metrics.names import unique_name
from tallymetrics.metrics.variables import Variable, View, float_variable

Kind = TypeVar("Kind")

# Whatever is of these types has no metrics or variables in it.
_PLAIN = frozenset((bool, float, int, str, type(None), np.ndarray))
# What `Metric.__init__` sets.
_SET_BY_INIT = ("name", "_dtype", "_direction", "_variables", "_views", "_lock")


class Tracked:
    """An object that knows its variables, and those of metrics among its attributes, in lists and dicts too."""

    _variables: list[Variable]
    _views: list[Variable]

    def __init__(self) -> None:
        self._variables = []
        self._views = []

    if not TYPE_CHECKING:  # A checker would take any attribute for known.

        def __getattr__(self, name: str) -> Any:
            if name in _SET_BY_INIT:
                self._check_super_called()
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _check_super_called(self) -> None:
        if "_variables" not in vars(self):
            raise RuntimeError(f"`super().__init__()` must be called first in {type(self).__name__}.__init__.")

    @property
    def variables(self) -> list[Variable]:
        """The variables that Keras's metric has, then those of metrics among its attributes.

        Where the state is kept in another form, they are read-only views of it.
        """
        nested = (metric.variables for metric in self._nested_metrics())
        own = self._views or [variable for _, variable in self._own_variables()]
        return [*own, *itertools.chain.from_iterable(nested)]

    def _state(self) -> list[Variable]:
        """What is added up: of this metric, then of metrics among its attributes."""
        nested = (metric._state() for metric in self._nested_metrics())
        return [*(variable for _, variable in self._own_variables()), *itertools.chain.from_iterable(nested)]

    def _own_variables(self) -> list[tuple[str, Variable]]:
        """Variables with the first part of the keys of their arrays: those added, and those that are attributes."""
        added = {id(variable) for variable in self._variables}
        others: dict[int, tuple[str, Variable]] = {}
        for key, variable in self._attributes_of(Variable):
            if id(variable) not in added and not isinstance(variable, View):
                others.setdefault(id(variable), (f"{key}/", variable))
        return [*(("", variable) for variable in self._variables), *others.values()]

    def _nested_metrics(self) -> list[Any]:
        return [metric for _, metric in self._nested_by_key()]

    def _nested_by_key(self) -> list[tuple[str, Any]]:
        """Metrics among the attributes, also those in lists, tuples and dicts."""
        return list(self._attributes_of(Tracked))

    def _attributes_of(self, kind: type[Kind]) -> Iterator[tuple[str, Kind]]:
        for name, value in list(vars(self).items()):
            if type(value) in _PLAIN:
                continue
            if isinstance(value, kind):
                yield name, value
            elif isinstance(value, (list, tuple, dict)):
                # Another thread may add some meanwhile.
                members = list(value.items() if isinstance(value, dict) else enumerate(value))
                for key, member in members:
                    if isinstance(member, kind):
                        yield f"{name}/{key}", member

    def add_variable(
        self,
        shape: tuple[int, ...] = (),
        initializer: Any = None,
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """Adds a float64 variable to the state.

        Args:
            shape: Its shape.
            initializer: `"zeros"` (default), `"ones"` or a function of (shape, dtype).
            dtype: Its NumPy dtype, by default float64.
            aggregation: Only `"sum"`: merging adds.
            name: Its name, by default `variable`, numbered.

        Returns:
            The variable, which reads like an array and has `assign`, `assign_add`, `assign_sub`.
        """
        if aggregation != "sum":
            raise ValueError(f'`aggregation` must be "sum": states merge by addition. Received {aggregation!r}.')
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
        names = {variable.name for variable in self._variables}
        unique = unique_name(name or "variable", names)
        variable = float_variable(shape, initializer, np.dtype(dtype or np.float64).name, unique)
        self._track(variable)
        return variable

    def add_weight(
        self,
        shape: tuple[int, ...] | str = (),
        initializer: Any = None,
        dtype: Any = None,
        name: str | None = None,
        aggregation: str = "sum",
    ) -> Variable:
        """Adds a variable; see `add_variable`. The name may come first, as in Keras 2."""
        if isinstance(shape, str):
            return self.add_variable((), initializer, dtype, aggregation, shape)
        return self.add_variable(shape, initializer, dtype, aggregation, name)

    def _track(self, variable: Any) -> Any:
        self._variables.append(variable)
        return variable

    def _add_view(self, name: str, read: Callable[[], Any]) -> View:
        """Adds a variable that Keras's metric has and this one reads from its state; `variables` then lists views."""
        view = View(name, read)
        self._views.append(view)
        return view
