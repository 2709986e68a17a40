#include "bind.h"

namespace py = pybind11;

namespace jitserve {
namespace {

constexpr int kDeepest = 50;  // values that are nested deeper are not looked into

// Those whose ``==`` runs no code of the user's, and which are the same when they are equal.
bool IsConstant(PyObject* value) {
  return PyUnicode_CheckExact(value) || PyLong_CheckExact(value) || PyBool_Check(value) || PyBytes_CheckExact(value);
}

bool IsSame(PyObject* value, PyObject* other, int depth) {
  if (value == other) return true;
  if (Py_TYPE(value) != Py_TYPE(other) || depth == 0) return false;
  if (!PyTuple_CheckExact(value)) {
    if (!IsConstant(value)) return false;
    const int is_equal = PyObject_RichCompareBool(value, other, Py_EQ);
    if (is_equal < 0) throw py::error_already_set();
    return is_equal != 0;
  }
  const Py_ssize_t size = PyTuple_GET_SIZE(value);
  if (size != PyTuple_GET_SIZE(other)) return false;
  for (Py_ssize_t i = 0; i < size; ++i) {
    if (!IsSame(PyTuple_GET_ITEM(value, i), PyTuple_GET_ITEM(other, i), depth - 1)) return false;
  }
  return true;
}

}  // namespace

void BindValues(py::module_& module) {
  module.def(
      "is_same", [](py::handle value, py::handle other) { return IsSame(value.ptr(), other.ptr(), kDeepest); },
      py::arg("value"), py::arg("other"), py::pos_only(),
      "Whether two values are the very same object, equal constants of one type, or tuples of such.");
}

}  // namespace jitserve
