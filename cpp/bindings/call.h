// A call of the pass, and the same call again for the next arrays.
#pragma once

#include <pybind11/pybind11.h>

namespace tally {

void add_calls(pybind11::module_& module);

}  // namespace tally
