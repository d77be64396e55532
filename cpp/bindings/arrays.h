// NumPy arrays as views and states.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "support/array_view.h"

namespace tally {

DType dtype_of(const pybind11::dtype& dtype);

// An array of one or two dimensions; None is absent.
ArrayView view_of(const pybind11::handle& object);

// A writable int64 array of exactly this many words.
int64_t* state_of(const pybind11::handle& object, int64_t words);

// A writable float64 array of exactly this many numbers.
double* numbers_of(const pybind11::handle& object, int64_t count);

}  // namespace tally
