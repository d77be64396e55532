// NumPy arrays as views and states.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "support/array_view.h"

namespace tally {

// An array of one or two dimensions; None is absent.
ArrayView view_of(const pybind11::handle& object);

// All elements in order as one dimension, this many bytes apart; 0 for a C-contiguous array.
ArrayView flat_view_of(const pybind11::handle& object, ptrdiff_t stride);

// A writable int64 array of exactly this many words.
int64_t* state_of(const pybind11::handle& object, int64_t words);

// A writable float64 array of exactly this many numbers.
double* numbers_of(const pybind11::handle& object, int64_t count);

}  // namespace tally
