#include <unordered_set>
#include <vector>

#include "bind.h"

namespace py = pybind11;

namespace jitserve {
namespace {

// The function that a value of a namespace is, or wraps as a property or method; a new reference, or null.
py::object FunctionOf(PyObject* value) {
  if (Py_IS_TYPE(value, &PyFunction_Type)) return py::reinterpret_borrow<py::object>(value);
  const char* attribute = nullptr;
  if (Py_IS_TYPE(value, &PyProperty_Type)) attribute = "fget";
  if (Py_IS_TYPE(value, &PyStaticMethod_Type) || Py_IS_TYPE(value, &PyClassMethod_Type)) attribute = "__func__";
  if (attribute == nullptr) return py::object();
  py::object inner = py::reinterpret_steal<py::object>(PyObject_GetAttrString(value, attribute));
  if (!inner) {
    PyErr_Clear();
    return py::object();
  }
  return Py_IS_TYPE(inner.ptr(), &PyFunction_Type) ? inner : py::object();
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

// Looks through modules, and the classes that they define, for functions of files that nobody has vouched for.
// It runs no Python code, and takes about a millisecond for the twenty thousand names of JAX.
class Census {
 public:
  // Vouches for a file name or a function, by identity.
  void Know(py::object value) {
    if (known_.insert(value.ptr()).second) alive_.append(value);
  }

  // The functions that are not vouched for: (module, class or None, name, function).
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
      py::object function = FunctionOf(value);
      if (!function || known_.count(FileOf(function.ptr())) != 0 || known_.count(function.ptr()) != 0) continue;
      found.append(py::make_tuple(module, cls, py::reinterpret_borrow<py::object>(key), function));
    }
    for (const py::object& inner : classes) {
      py::object contents = DictOf(reinterpret_cast<PyTypeObject*>(inner.ptr()));
      if (!contents) continue;
      PyObject* home = PyDict_GetItemString(contents.ptr(), "__module__");  // borrowed
      if (home == nullptr || !PyUnicode_Check(home) || PyUnicode_Compare(home, module.ptr()) != 0) continue;
      LookThrough(contents.ptr(), module, inner, found);
    }
  }

  std::unordered_set<PyObject*> known_;
  py::list alive_;  // what the pointers point to
};

}  // namespace

void BindCensus(py::module_& module) {
  py::class_<Census>(module, "Census", py::is_final(),
                     "Finds functions in modules and their classes that nobody has vouched for.")
      .def(py::init<>())
      .def("know", &Census::Know, py::arg("value"), py::pos_only(), "Vouches for a file name or a function.")
      .def("strangers", &Census::Strangers, py::arg("modules"), py::pos_only(),
           "What is not vouched for: (module name, class or None, name, function).");
}

}  // namespace jitserve
