#include "strangers.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "objects.h"

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
  const py::object dict = DictOf(value);
  return dict ? py::reinterpret_borrow<py::object>(PyDict_GetItemString(dict.ptr(), name)) : py::object();
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

}  // namespace

py::object FunctionIn(PyObject* value) {
  py::object layer = py::reinterpret_borrow<py::object>(value);
  for (int depth = 0; layer && depth < kDeepestWrapper; ++depth) {
    if (Py_IS_TYPE(layer.ptr(), &PyFunction_Type)) return layer;
    layer = Unwrapped(layer.ptr());
  }
  return py::object();
}

void Known::Add(const py::object& value) {
  if (known_.insert(value.ptr()).second) alive_.append(value);
}

bool Known::IsInDirectory(PyObject* file) {
  const auto known = files_.find(file);
  if (known != files_.end()) return known->second;
  const std::string_view name = TextOf(file);
  const bool found = std::any_of(directories_.begin(), directories_.end(), [name](const std::string& directory) {
    return name.substr(0, directory.size()) == directory &&
           name.find("-packages/", directory.size()) == std::string_view::npos;
  });
  alive_.append(py::reinterpret_borrow<py::object>(file));
  return files_[file] = found;
}

bool Known::HasFunction(PyObject* function, PyObject* home) {
  PyObject* const file = FileOf(function);
  if (Has(file) || Has(function)) return true;
  return TextOf(file).substr(0, 1) == "<" ? PyFunction_GET_GLOBALS(function) == home : IsInDirectory(file);
}

void MeetStranger(PyObject* name, PyObject* value, PyObject* cls, PyObject* home, Known& known,
                  std::vector<Stranger>& found) {
  const bool plain = Py_IS_TYPE(value, &PyFunction_Type);
  if (plain ? known.HasFunction(value, home) : !MayBeMade(value) || known.Has(value)) return;
  const py::object function = FunctionIn(value);
  const bool is_known =
      function ? known.HasFunction(function.ptr(), home) : !IsCallableInstance(value) || known.HasClassOf(value);
  if (is_known) return;
  found.push_back({py::reinterpret_borrow<py::object>(cls), py::reinterpret_borrow<py::object>(name),
                   py::reinterpret_borrow<py::object>(value), function});
}

void MeetForeignClass(PyObject* name, PyObject* value, PyObject* cls, Known& known, std::vector<Stranger>& found) {
  PyTypeObject* const type = PyType_Check(value) ? reinterpret_cast<PyTypeObject*>(value) : Py_TYPE(value);
  if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) || known.Has(reinterpret_cast<PyObject*>(type))) return;
  if (!PyType_Check(value) && MayBeMade(value)) return;
  found.push_back({py::reinterpret_borrow<py::object>(cls), py::reinterpret_borrow<py::object>(name),
                   py::reinterpret_borrow<py::object>(value), py::object()});
}

}  // namespace jitserve
