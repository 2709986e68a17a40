#include <cstring>
#include <unordered_set>
#include <vector>

#include "bind.h"

namespace py = pybind11;

namespace jitserve {
namespace {

constexpr int kDeepestWrapper = 8;

// An attribute, found without running code of the value's own; a new reference, or null.
py::object AttributeOf(PyObject* value, const char* name) {
  py::object found = py::reinterpret_steal<py::object>(PyObject_GetAttrString(value, name));
  if (!found) PyErr_Clear();
  return found;
}

// What an object keeps under a name in its own dictionary; a new reference, or null.
py::object KeptBy(PyObject* value, const char* name) {
  if (Py_TYPE(value)->tp_dictoffset == 0) return py::object();
  py::object dict = py::reinterpret_steal<py::object>(PyObject_GenericGetDict(value, nullptr));
  if (!dict) {
    PyErr_Clear();
    return py::object();
  }
  return py::reinterpret_borrow<py::object>(PyDict_GetItemString(dict.ptr(), name));
}

// One layer off: what a property, a method, a partial application or a wrapper such as a jitted function is around.
py::object Unwrapped(PyObject* value) {
  if (Py_IS_TYPE(value, &PyProperty_Type)) return AttributeOf(value, "fget");
  if (Py_IS_TYPE(value, &PyStaticMethod_Type) || Py_IS_TYPE(value, &PyClassMethod_Type)) {
    return AttributeOf(value, "__func__");
  }
  if (PyMethod_Check(value)) return py::reinterpret_borrow<py::object>(PyMethod_GET_FUNCTION(value));
  if (Py_TYPE(value)->tp_call == nullptr) return py::object();
  if (std::strcmp(Py_TYPE(value)->tp_name, "functools.partial") == 0) return AttributeOf(value, "func");
  py::object inner = KeptBy(value, "__wrapped__");
  return inner ? inner : KeptBy(value, "fun");
}

// The function that a value of a namespace is, or is made from; a new reference, or null.
py::object FunctionOf(PyObject* value) {
  py::object layer = py::reinterpret_borrow<py::object>(value);
  for (int depth = 0; layer && depth < kDeepestWrapper; ++depth) {
    if (Py_IS_TYPE(layer.ptr(), &PyFunction_Type)) return layer;
    layer = Unwrapped(layer.ptr());
  }
  return py::object();
}

// Whether a value can be, or be made from, a function that was written in Python. Most are out of the question at once.
bool MayBeMade(PyObject* value) {
  PyTypeObject* type = Py_TYPE(value);
  if (PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) return type->tp_call != nullptr;
  return type == &PyProperty_Type || type == &PyStaticMethod_Type || type == &PyClassMethod_Type ||
         PyMethod_Check(value);
}

// Whether calling a value runs a method of a class that was written in Python.
bool IsCallableInstance(PyObject* value) {
  PyTypeObject* type = Py_TYPE(value);
  return type->tp_call != nullptr && PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE);
}

PyObject* FileOf(PyObject* function) {
  return reinterpret_cast<PyCodeObject*>(PyFunction_GET_CODE(function))->co_filename;
}

py::object DictOf(PyTypeObject* type) {
#if PY_VERSION_HEX >= 0x030C0000
  return py::reinterpret_steal<py::object>(PyType_GetDict(type));
#else
  return py::reinterpret_borrow<py::object>(type->tp_dict);
#endif
}

// Looks through modules, and the classes that they define, for functions of files that nobody has vouched for, and for
// other callable objects of classes that nobody has vouched for.
// It runs no Python code, and takes about a millisecond for the twenty thousand names of JAX.
class Census {
 public:
  // Vouches for a file name, a function, a class or an object, by identity.
  void Know(py::object value) {
    if (known_.insert(value.ptr()).second) alive_.append(value);
  }

  // What is not vouched for: (module, class or None, name, value, the function that it is made from or None).
  py::list Strangers(const py::list& modules) {
    py::list found;
    for (py::handle module : modules) {
      py::object name = py::reinterpret_steal<py::object>(PyModule_GetNameObject(module.ptr()));
      if (!name) throw py::error_already_set();
      LookThrough(PyModule_GetDict(module.ptr()), name, py::none(), found);
    }
    return found;
  }

 private:
  void LookThrough(PyObject* dict, const py::object& module, const py::object& cls, py::list& found) {
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    Py_ssize_t position = 0;
    std::vector<py::object> classes;
    while (PyDict_Next(dict, &position, &key, &value) != 0) {
      if (PyType_Check(value)) {
        if (cls.is_none()) classes.push_back(py::reinterpret_borrow<py::object>(value));
        continue;
      }
      if (Py_IS_TYPE(value, &PyFunction_Type) ? IsKnown(value) : !MayBeMade(value) || known_.count(value) != 0)
        continue;
      py::object function = FunctionOf(value);
      if (function ? IsKnown(function.ptr()) : !IsCallableInstance(value) || IsKnownInstance(value)) {
        // Whatever is around a function is looked into once.
        if (function && function.ptr() != value) Know(py::reinterpret_borrow<py::object>(value));
        continue;
      }
      found.append(py::make_tuple(module, cls, py::reinterpret_borrow<py::object>(key),
                                  py::reinterpret_borrow<py::object>(value), function ? function : py::none()));
    }
    for (const py::object& inner : classes) {
      py::object contents = DictOf(reinterpret_cast<PyTypeObject*>(inner.ptr()));
      if (!contents) continue;
      PyObject* home = PyDict_GetItemString(contents.ptr(), "__module__");  // borrowed
      if (home == nullptr || !PyUnicode_Check(home) || PyUnicode_Compare(home, module.ptr()) != 0) continue;
      LookThrough(contents.ptr(), module, inner, found);
    }
  }

  bool IsKnown(PyObject* function) const { return known_.count(FileOf(function)) != 0 || known_.count(function) != 0; }

  bool IsKnownInstance(PyObject* value) const { return known_.count(reinterpret_cast<PyObject*>(Py_TYPE(value))) != 0; }

  std::unordered_set<PyObject*> known_;
  py::list alive_;  // what the pointers point to
};

}  // namespace

void BindCensus(py::module_& module) {
  py::class_<Census>(module, "Census", py::is_final(),
                     "Finds functions in modules and their classes that nobody has vouched for.")
      .def(py::init<>())
      .def("know", &Census::Know, py::arg("value"), py::pos_only(),
           "Vouches for a file name, a function, a class or an object.")
      .def(
          "strangers", &Census::Strangers, py::arg("modules"), py::pos_only(),
          "What is not vouched for: (module name, class or None, name, value, function that it is made from or None).");
}

}  // namespace jitserve
