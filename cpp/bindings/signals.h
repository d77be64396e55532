// Ctrl-C in the middle of native work.
#pragma once

#include <pybind11/pybind11.h>

namespace tally {

// Whether a handler of a signal raised an error in Python; called without the interpreter's lock.
inline bool interrupted() {
  pybind11::gil_scoped_acquire acquire;
  return PyErr_CheckSignals() != 0;
}

}  // namespace tally
