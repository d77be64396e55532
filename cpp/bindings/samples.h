// Registers what is computed of populations of samples.
#pragma once

#include <pybind11/pybind11.h>

namespace tally {

void add_samples(pybind11::module_& module);

}  // namespace tally
