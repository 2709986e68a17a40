#include <unordered_map>

#include "bind.h"

namespace py = pybind11;

namespace jitserve {
namespace {

// What was the text of each patched type. Filled once, with the interpreter's lock held.
std::unordered_map<PyTypeObject*, reprfunc>& Originals() {
  static auto* const originals = new std::unordered_map<PyTypeObject*, reprfunc>();
  return *originals;
}

// Whom this thread tells of texts that hold an address; null when nobody listens.
thread_local PyObject* listener = nullptr;

reprfunc OriginalOf(PyTypeObject* type) {
  for (PyTypeObject* base = type; base != nullptr; base = base->tp_base) {
    const auto found = Originals().find(base);
    if (found != Originals().end()) return found->second;
  }
  return Originals().at(&PyBaseObject_Type);
}

void Tell(PyObject* object) {
  PyObject* const told = listener;
  listener = nullptr;  // what the listener itself makes a text of is none of the user's
  PyObject* type = nullptr;
  PyObject* value = nullptr;
  PyObject* traceback = nullptr;
  PyErr_Fetch(&type, &value, &traceback);
  PyObject* const answer = PyObject_CallOneArg(told, reinterpret_cast<PyObject*>(Py_TYPE(object)));
  if (answer == nullptr) PyErr_WriteUnraisable(told);
  Py_XDECREF(answer);
  PyErr_Restore(type, value, traceback);
  listener = told;
}

PyObject* TextWithAddress(PyObject* object) {
  if (listener != nullptr) Tell(object);
  return OriginalOf(Py_TYPE(object))(object);
}

void Patch(PyTypeObject* type) {
  if (type->tp_repr == nullptr || type->tp_repr == &TextWithAddress) return;
  Originals().emplace(type, type->tp_repr);
  type->tp_repr = &TextWithAddress;
}

py::object DictOf(PyTypeObject* type) {
#if PY_VERSION_HEX >= 0x030C0000
  return py::reinterpret_steal<py::object>(PyType_GetDict(type));
#else
  return py::reinterpret_borrow<py::object>(type->tp_dict);
#endif
}

void PatchSubclasses(PyTypeObject* base, reprfunc original) {
  py::object subclasses = py::reinterpret_steal<py::object>(
      PyObject_CallMethod(reinterpret_cast<PyObject*>(&PyType_Type), "__subclasses__", "O", base));
  if (!subclasses) throw py::error_already_set();
  for (py::handle subclass : py::reinterpret_borrow<py::list>(subclasses)) {
    auto* const type = reinterpret_cast<PyTypeObject*>(subclass.ptr());
    if (type->tp_repr == original) type->tp_repr = &TextWithAddress;
    PatchSubclasses(type, original);
  }
}

// Makes the default text of objects, and those of functions, methods and so on, tell the listener of their thread.
// The texts stay what they are. Once done it stays: a class takes over what its base had when it was made.
void Watch() {
  if (PyBaseObject_Type.tp_repr == &TextWithAddress) return;
  const reprfunc original = PyBaseObject_Type.tp_repr;
  for (PyTypeObject* type : {&PyFunction_Type, &PyCFunction_Type, &PyCode_Type, &PyCell_Type, &PyGen_Type, &PyCoro_Type,
                             &PyAsyncGen_Type, &PyFrame_Type, &PyModule_Type}) {
    Patch(type);
  }
  Patch(&PyBaseObject_Type);
  // A class that is made from now on takes the default text from here.
  py::object contents = DictOf(&PyBaseObject_Type);
  PyObject* const slot = contents ? PyDict_GetItemString(contents.ptr(), "__repr__") : nullptr;
  if (slot != nullptr && Py_IS_TYPE(slot, &PyWrapperDescr_Type)) {
    reinterpret_cast<PyWrapperDescrObject*>(slot)->d_wrapped = reinterpret_cast<void*>(&TextWithAddress);
  }
  PatchSubclasses(&PyBaseObject_Type, original);
}

void WatchToo(PyTypeObject* type) {
  const reprfunc original = type->tp_repr;
  if (original == nullptr || original == &TextWithAddress) return;
  Patch(type);
  PatchSubclasses(type, original);
}

// Tells ``callback`` of every such text in this thread, and of the texts of further types; returns who was told before.
py::object Listen(const py::object& callback, const py::iterable& types) {
  Watch();
  for (py::handle type : types) {
    if (PyType_Check(type.ptr())) WatchToo(reinterpret_cast<PyTypeObject*>(type.ptr()));
  }
  py::object before = listener == nullptr ? py::none() : py::reinterpret_steal<py::object>(listener);
  listener = callback.is_none() ? nullptr : callback.inc_ref().ptr();
  return before;
}

}  // namespace

void BindTexts(py::module_& module) {
  module.def("listen_to_texts", &Listen, py::arg("callback"), py::arg("types"), py::pos_only(),
             "Tells the callback the type of every object whose text shows its address; returns who was told before.");
}

}  // namespace jitserve
