// NumPy arrays as views and states, with everything checked that memory safety needs.
#include "bindings/arrays.h"

#include <stdexcept>
#include <string>

namespace py = pybind11;

namespace tally {
namespace {

py::array array_of(const py::handle& object) {
  if (!py::isinstance<py::array>(object)) throw py::type_error("expected a NumPy array");
  auto array = py::reinterpret_borrow<py::array>(object);
  if (!(array.flags() & py::detail::npy_api::NPY_ARRAY_ALIGNED_))
    throw std::invalid_argument("expected an aligned array");
  return array;
}

bool is_writable(const py::handle& object, DType type, int64_t size) {
  constexpr int kFlags = py::detail::npy_api::NPY_ARRAY_C_CONTIGUOUS_ | py::detail::npy_api::NPY_ARRAY_WRITEABLE_ |
                         py::detail::npy_api::NPY_ARRAY_ALIGNED_;
  if (!py::isinstance<py::array>(object)) return false;
  const auto array = py::reinterpret_borrow<py::array>(object);
  return dtype_of(array.dtype()) == type && (array.flags() & kFlags) == kFlags && array.size() == size;
}

}  // namespace

DType dtype_of(const py::dtype& dtype) {
  switch (dtype.num()) {
    case py::detail::npy_api::NPY_BOOL_:
      return DType::kBool;
    case py::detail::npy_api::NPY_BYTE_:
      return DType::kInt8;
    case py::detail::npy_api::NPY_SHORT_:
      return DType::kInt16;
    case py::detail::npy_api::NPY_INT_:
      return DType::kInt32;
    case py::detail::npy_api::NPY_LONG_:
    case py::detail::npy_api::NPY_LONGLONG_:
      return DType::kInt64;
    case py::detail::npy_api::NPY_UBYTE_:
      return DType::kUInt8;
    case py::detail::npy_api::NPY_USHORT_:
      return DType::kUInt16;
    case py::detail::npy_api::NPY_UINT_:
      return DType::kUInt32;
    case py::detail::npy_api::NPY_ULONG_:
    case py::detail::npy_api::NPY_ULONGLONG_:
      return DType::kUInt64;
    case 23:
      return DType::kFloat16;
    case py::detail::npy_api::NPY_FLOAT_:
      return DType::kFloat32;
    case py::detail::npy_api::NPY_DOUBLE_:
      return DType::kFloat64;
    default:
      throw py::type_error("unsupported dtype " + std::string(py::str(dtype)));
  }
}

ArrayView view_of(const py::handle& object) {
  ArrayView view;
  if (object.is_none()) return view;
  const py::array array = array_of(object);
  if (array.ndim() < 1 || array.ndim() > 2) throw std::invalid_argument("expected one or two dimensions");
  view.data = static_cast<const char*>(array.data());
  view.type = dtype_of(array.dtype());
  view.dimensions = static_cast<int>(array.ndim());
  view.rows = array.shape(0);
  view.row_stride = array.strides(0);
  view.column_stride = size_of(view.type);
  if (view.dimensions == 2) {
    view.width = array.shape(1);
    view.column_stride = array.strides(1);
  }
  return view;
}

int64_t* state_of(const py::handle& object, int64_t words) {
  if (!is_writable(object, DType::kInt64, words))
    throw std::invalid_argument("a state must be a writable, contiguous int64 array of " + std::to_string(words));
  return static_cast<int64_t*>(const_cast<void*>(py::reinterpret_borrow<py::array>(object).data()));
}

double* numbers_of(const py::handle& object, int64_t count) {
  if (!is_writable(object, DType::kFloat64, count))
    throw std::invalid_argument("values must be a writable, contiguous float64 array of " + std::to_string(count));
  return static_cast<double*>(const_cast<void*>(py::reinterpret_borrow<py::array>(object).data()));
}

}  // namespace tally
