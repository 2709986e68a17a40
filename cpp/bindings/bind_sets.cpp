#include "bind.h"

namespace py = pybind11;

namespace jitserve {
namespace {

// Whom this thread tells of sets that are iterated over; null when nobody listens.
thread_local PyObject* listener = nullptr;

getiterfunc original = nullptr;

PyObject* Iterate(PyObject* set) {
  if (listener != nullptr && PySet_GET_SIZE(set) > 1) {
    PyObject* const told = listener;
    listener = nullptr;  // the listener may look at the set itself
    PyObject* const answer = PyObject_CallOneArg(told, set);
    if (answer == nullptr) PyErr_WriteUnraisable(told);
    Py_XDECREF(answer);
    listener = told;
  }
  return original(set);
}

// Tells ``callback`` of every set of two elements or more that is iterated over in this thread; returns who was told
// before. Sets are iterated over as ever. Once watched, they stay so: the interpreter asks its types, not us.
py::object Listen(const py::object& callback) {
  if (original == nullptr) {
    original = PySet_Type.tp_iter;
    PySet_Type.tp_iter = &Iterate;
    PyFrozenSet_Type.tp_iter = &Iterate;
  }
  py::object before = listener == nullptr ? py::none() : py::reinterpret_steal<py::object>(listener);
  listener = callback.is_none() ? nullptr : callback.inc_ref().ptr();
  return before;
}

}  // namespace

void BindSets(py::module_& module) {
  module.def("listen_to_sets", &Listen, py::arg("callback"), py::pos_only(),
             "Tells the callback every set that is iterated over; returns who was told before.");
}

}  // namespace jitserve
