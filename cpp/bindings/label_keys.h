// Numbers of label pairs, as `PairKeys` writes them, to runs.
#pragma once

#include <pybind11/pybind11.h>

namespace tally {

void add_label_keys(pybind11::module_& module);

}  // namespace tally
