#include "bind.h"
#include "raw.h"

namespace py = pybind11;

namespace jitserve {
namespace {

// Whom this thread tells of sets that are iterated over or shown; null when nobody listens.
thread_local PyObject* listener = nullptr;

getiterfunc original_iter = nullptr;
reprfunc original_repr = nullptr;

// Tells of a set; `shown` is whether somebody makes a text of it. Returns who was told, and is to be told again.
PyObject* Tell(PyObject* set, bool shown) {
  PyObject* const told = listener;
  if (told == nullptr || PySet_GET_SIZE(set) < 2) return told;
  listener = nullptr;  // the listener may look at the set itself
  PyObject* const answer = PyObject_CallFunctionObjArgs(told, set, shown ? Py_True : Py_False, nullptr);
  if (answer == nullptr) PyErr_WriteUnraisable(told);
  Py_XDECREF(answer);
  return told;
}

PyObject* Iterate(PyObject* set) {
  listener = Tell(set, false);
  return original_iter(set);
}

PyObject* Show(PyObject* set) {
  PyObject* const told = Tell(set, true);
  listener = nullptr;  // to make a text of a set is to iterate over it
  PyObject* const text = original_repr(set);
  listener = told;
  return text;
}

// A class that is made from now on takes what it inherits from here.
void Inherit(PyTypeObject* type, const char* name, void* function) {
  const py::object names = NamespaceOf(type);
  PyObject* const slot = names ? PyDict_GetItemString(names.ptr(), name) : nullptr;
  if (slot != nullptr && Py_IS_TYPE(slot, &PyWrapperDescr_Type)) {
    reinterpret_cast<PyWrapperDescrObject*>(slot)->d_wrapped = function;
  }
}

void WatchSubclasses(PyTypeObject* base) {
  py::object subclasses = py::reinterpret_steal<py::object>(
      PyObject_CallMethod(reinterpret_cast<PyObject*>(&PyType_Type), "__subclasses__", "O", base));
  if (!subclasses) throw py::error_already_set();
  for (py::handle subclass : py::reinterpret_borrow<py::list>(subclasses)) {
    auto* const type = reinterpret_cast<PyTypeObject*>(subclass.ptr());
    if (type->tp_iter == original_iter) type->tp_iter = &Iterate;
    if (type->tp_repr == original_repr) type->tp_repr = &Show;
    WatchSubclasses(type);
  }
}

// Tells ``callback`` of every set of two elements or more that is iterated over or shown in this thread; returns who
// was told before. Sets do what they ever did. Once watched, they stay so: the interpreter asks its types, not us.
py::object Listen(const py::object& callback) {
  if (original_iter == nullptr) {
    original_iter = PySet_Type.tp_iter;
    original_repr = PySet_Type.tp_repr;
    for (PyTypeObject* type : {&PySet_Type, &PyFrozenSet_Type}) {
      type->tp_iter = &Iterate;
      type->tp_repr = &Show;
      Inherit(type, "__iter__", reinterpret_cast<void*>(&Iterate));
      Inherit(type, "__repr__", reinterpret_cast<void*>(&Show));
      WatchSubclasses(type);
    }
  }
  py::object before = listener == nullptr ? py::none() : py::reinterpret_steal<py::object>(listener);
  listener = callback.is_none() ? nullptr : callback.inc_ref().ptr();
  return before;
}

}  // namespace

void BindSets(py::module_& module) {
  module.def(
      "listen_to_sets", &Listen, py::arg("callback"), py::pos_only(),
      "Tells the callback every set that is iterated over (False) or made a text of (True); returns who was told "
      "before.");
}

}  // namespace jitserve
