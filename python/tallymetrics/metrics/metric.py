"""The base class of every metric: Keras's accumulator protocol, with merging."""

import copy
import re
import threading
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from tallymetrics.metrics.holding import held_alone
from tallymetrics.metrics.locks import restored_on_error, wholly_locked
from tallymetrics.metrics.names import automatic_name, direction_of, snake_case
from tallymetrics.metrics.tracking import Tracked
from tallymetrics.metrics.variables import Arrays, Variable

Self = TypeVar("Self", bound="Metric")

_DTYPES = ("float64", "float32", "float16")


class Metric(Tracked):
    """Encapsulates the state and the formula of a metric.

    A subclass makes its variables in `__init__` by `add_variable`, adds a batch to them in `update_state` and reads
    them in `result`. Variables start at zero (or as their initializer says) and should grow by addition alone: then
    `merge_state` is right without further code.

    Args:
        dtype: What `result()` is rounded to: `"float64"` (default), `"float32"` or `"float16"`. State is always exact
            or float64.
        name: Name of the metric, by default the class name in snake case, numbered.

    A variable or metric that is assigned to an attribute, also in a list or dict, belongs to the state too.

    Example:
        >>> import numpy as np
        >>> from tallymetrics import metrics
        >>> class Largest(metrics.Metric):
        ...     def __init__(self, name="largest_error_sum", **kwargs):
        ...         super().__init__(name=name, **kwargs)
        ...         self.total = self.add_variable(shape=(), initializer="zeros", name="total")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.total.assign_add(np.max(np.abs(np.subtract(y_true, y_pred))))
        ...     def result(self):
        ...         return float(self.total)
        >>> largest = Largest()
        >>> largest.update_state([0, 1], [0.5, 1])
        >>> largest.result()
        0.5

    Differs from Keras: `dtype` does not set the precision of the state. `reset_state` returns a variable to what its
    initializer made, not to zero. The `stateless_` methods exchange the whole state, which for most metrics here is
    exact sums and tables rather than the float32 arrays that Keras's `variables` are: pass on what they return.
    """

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        super().__init__()
        self.name = name or automatic_name(snake_case(type(self).__name__))
        self._automatic_name = None if name else self.name
        self._dtype = self._dtype_name(dtype)
        # Which way is better, as Keras's callbacks ask.
        self._direction = direction_of(type(self))
        self._lock = threading.RLock()

    @staticmethod
    def _dtype_name(dtype: Any) -> str:
        given = getattr(dtype, "compute_dtype", dtype)
        name = "float64" if given is None else getattr(given, "name", getattr(given, "__name__", given))
        if name not in _DTYPES:
            raise ValueError(f"`dtype` must be one of {', '.join(_DTYPES)}. Received {dtype!r}.")
        return name

    @property
    def _own_name(self) -> str:
        """The name without the number that tells it from others of this process."""
        return snake_case(type(self).__name__) if self.name == self._automatic_name else self.name

    @property
    def dtype(self) -> str:
        return self._dtype

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Adds a batch to the state."""
        raise NotImplementedError(f"{type(self).__name__} must define `update_state`.")

    def result(self) -> Any:
        """Computes the metric from the state."""
        raise NotImplementedError(f"{type(self).__name__} must define `result`.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Adds a batch and returns the result over all that was added so far."""
        self._check_super_called()
        self.update_state(*args, **kwargs)
        return self.result()

    def reset_state(self) -> None:
        """Returns every variable to its start."""
        state = self._state()
        with wholly_locked([self]), held_alone(state):
            for variable in state:
                variable.reset()

    def reset_states(self) -> None:
        """Returns every variable to its start; the name of Keras 2."""
        self.reset_state()

    def merge_state(self, metrics: "Iterable[Metric] | Metric") -> None:
        """Adds the states of other metrics to this one; they stay as they are.

        Args:
            metrics: Metrics of the same class and configuration.

        Raises:
            ValueError: If one differs in class, configuration or variables. Nothing is merged then, nor where an
                interrupt comes between.
        """
        others = [metrics] if isinstance(metrics, Metric) else list(metrics)
        with wholly_locked([self, *others]):
            self._check_mergeable(others)
            with restored_on_error([self]):
                self._add_states(others)

    def _add_states(self, others: "Sequence[Metric]") -> None:
        """Adds those of metrics that fit; the locks of all are held."""
        state = self._state()
        with held_alone(state):
            for other in others:
                gathered = copy.deepcopy(state) if other is self else other._state()
                for variable, addend in zip(state, gathered, strict=True):
                    variable.add(addend)

    def _check_mergeable(self, others: "Sequence[Metric]") -> None:
        key, state = self._merge_key(), self._state()
        for other in others:
            if type(other) is not type(self):
                raise ValueError(
                    f"`metrics` must be of class {type(self).__name__} to merge. Received {type(other).__name__}."
                )
            if key != other._merge_key():
                raise ValueError(
                    f"`metrics` must have equal configurations to merge, {key}. Received {other._merge_key()}."
                )
            other_state = other._state()
            fit = all(mine.fits(theirs) for mine, theirs in zip(state, other_state, strict=False))
            if len(state) != len(other_state) or not fit:
                shapes, other_shapes = ([variable.shape for variable in one] for one in (state, other_state))
                raise ValueError(f"`metrics` must have variables of shapes {shapes} to merge. Received {other_shapes}.")
            # A state that no batch has shaped yet fits any: the next must fit the first that has a shape.
            state = [mine if mine.is_shaped else theirs for mine, theirs in zip(state, other_state, strict=True)]

    def stateless_reset_state(self) -> list[Variable]:
        """Returns the state of a fresh metric, for the other `stateless_` methods; this metric stays as it is."""
        fresh = copy.deepcopy(self)
        fresh.reset_state()
        return fresh._state()

    def stateless_update_state(self, metric_variables: Sequence[Any], *args: Any, **kwargs: Any) -> list[Variable]:
        """Returns `metric_variables` with a batch added; they and this metric stay as they are.

        Args:
            metric_variables: What a `stateless_` method returned, or arrays of the same shapes.
            *args: As for `update_state`.
            **kwargs: As for `update_state`.

        Raises:
            ValueError: If the number of variables is wrong.
        """
        other = self._with_state(metric_variables)
        other.update_state(*args, **kwargs)
        return other._state()

    def stateless_result(self, metric_variables: Sequence[Any]) -> Any:
        """Returns the result that a metric with this state has."""
        return self._with_state(metric_variables).result()

    def _with_state(self: Self, metric_variables: Sequence[Any]) -> Self:
        other = copy.deepcopy(self)
        state = other._state()
        if len(metric_variables) != len(state):
            raise ValueError(
                f"`metric_variables` must correspond to the {len(state)} variables of {type(self).__name__}. "
                f"Received {len(metric_variables)}."
            )
        for variable, given in zip(state, metric_variables, strict=True):
            if type(given) is type(variable):
                variable.load(given.arrays())
            else:
                variable.assign(given)
        return other

    def _merge_key(self) -> dict[str, Any]:
        return {key: value for key, value in self.get_config().items() if key not in ("name", "dtype")}

    def state_arrays(self) -> Arrays:
        """Returns copies of the raw arrays of the state by name; all grow by addition alone."""
        with wholly_locked([self]):
            variables = self._keyed_variables()
            for _, variable in variables:
                variable.settle()
            arrays: Arrays = {}
            for key, variable in variables:
                arrays.update({key + name: array for name, array in variable.arrays().items()})
            return arrays

    def load_state_arrays(self, arrays: Arrays) -> None:
        """Replaces the state by arrays that `state_arrays` of an equal metric returned.

        Raises:
            ValueError: If an array is missing, unknown or of another shape. The state is as before then.
        """
        with wholly_locked([self]), held_alone(self._state()):
            before = self.state_arrays()
            known = {key + variable.name for key, variable in self._keyed_variables()}
            given = {name if name in known else re.sub(r"@-?\d+$", "", name) for name in arrays}
            if known != given:
                raise ValueError(f"`arrays` must name the states {sorted(known)}. Received {sorted(given)}.")
            try:
                self._load(arrays)
            except BaseException:
                self._load(before)
                raise

    def _load(self, arrays: Arrays) -> None:
        for key, variable in self._keyed_variables():
            own = {name[len(key) :]: array for name, array in arrays.items() if name.startswith(key)}
            variable.load(own)

    def _keyed_variables(self) -> list[tuple[str, Variable]]:
        nested = ((key, entry) for key, metric in self._nested_by_key() for entry in metric._keyed_variables())
        return self._own_variables() + [(f"{key}/{deep}", variable) for key, (deep, variable) in nested]

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {"name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls: type[Self], config: dict[str, Any]) -> Self:
        """Returns a fresh metric of a configuration."""
        return cls(**config)

    def _as_result(self, value: float | npt.NDArray[Any]) -> Any:
        """Rounds to `dtype`: floats stay Python floats, arrays stay arrays."""
        if isinstance(value, float):
            return value if self._dtype == "float64" else float(np.dtype(self._dtype).type(value))
        return value if self._dtype == "float64" else value.astype(self._dtype)

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if key != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lock = threading.RLock()

    def __copy__(self: Self) -> Self:
        """A copy has a state of its own."""
        return copy.deepcopy(self)

    def __deepcopy__(self: Self, memo: dict[int, Any]) -> Self:
        """Its state, and that of metrics among its attributes, are those of one moment."""
        with wholly_locked([self]):
            reduced: Any = self.__reduce_ex__(4)
            if isinstance(reduced, str):
                return self
            make, arguments, *state = reduced[:3]
            memo[id(self)] = copied = make(*copy.deepcopy(arguments, memo))
            if state and state[0] is not None:
                copied.__setstate__(copy.deepcopy(state[0], memo))
        return cast(Self, copied)

    def __repr__(self) -> str:
        try:
            result = repr(self.result())
        except Exception as error:
            result = f"not available: {error}"
        return f"<{type(self).__name__} name={self.name} result={result}>"
