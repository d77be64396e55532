// The transport solver's face to Python.
#pragma once

#include <pybind11/pybind11.h>

namespace tally {

void add_transport(pybind11::module_& module);

}  // namespace tally
