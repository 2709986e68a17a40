#include "objects.h"

#include <algorithm>
#include <cstring>

namespace py = pybind11;

namespace jitserve {
namespace {

constexpr int kDeepestTable = 2;

// Constants that modules keep; what is true or false, or nothing, may be a state.
bool IsConstant(PyObject* value) {
  if (!PyTuple_CheckExact(value)) {
    return PyFloat_CheckExact(value) || PyComplex_CheckExact(value) || PyLong_CheckExact(value) ||
           PyUnicode_CheckExact(value) || PyBytes_CheckExact(value);
  }
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value); ++i) {
    if (!IsConstant(PyTuple_GET_ITEM(value, i))) return false;
  }
  return true;
}

bool IsPath(PyObject* value) { return PyUnicode_CheckExact(value) && TextOf(value).substr(0, 1) == "/"; }

// A constant, or code under a name of its own.
bool IsSteady(PyObject* value) {
  if (value == Py_None || PyBool_Check(value) || PyType_Check(value)) return true;
  return (IsConstant(value) && !IsPath(value)) || Py_IS_TYPE(value, &PyFunction_Type) || PyCFunction_Check(value);
}

bool IsSteadyContainer(PyObject* value, int depth) {
  const auto holds = [depth](PyObject* item) {
    return IsSteady(item) || (depth > 0 && IsSteadyContainer(item, depth - 1));
  };
  if (PyDict_CheckExact(value)) {
    PyObject* key = nullptr;
    PyObject* item = nullptr;
    Py_ssize_t position = 0;
    while (PyDict_Next(value, &position, &key, &item) != 0) {
      if (!IsConstant(key) || IsPath(key) || !holds(item)) return false;
    }
    return PyDict_GET_SIZE(value) != 0;
  }
  if (PyAnySet_CheckExact(value)) {
    const auto* const set = reinterpret_cast<PySetObject*>(value);
    for (Py_ssize_t i = 0; i <= set->mask; ++i) {
      PyObject* const item = set->table[i].key;
      if (item != nullptr && set->table[i].hash != -1 && (!IsConstant(item) || IsPath(item))) return false;
    }
    return set->used != 0;
  }
  if (!PyList_CheckExact(value) && !PyTuple_CheckExact(value)) return false;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(value); ++i) {
    PyObject* const item = PySequence_Fast_GET_ITEM(value, i);
    const bool is_listener = PyList_CheckExact(value) && IsMadeOfCode(item) && !PyType_Check(item);
    if (is_listener || !holds(item)) return false;
  }
  return PySequence_Fast_GET_SIZE(value) != 0;
}

// A tuple, of whatever class, that has code in it or nothing but what is steady: it is what it was made from.
bool IsSteadyTuple(PyObject* value, int depth = kDeepestTable) {
  if (!PyTuple_Check(value) || PyTuple_GET_SIZE(value) == 0 || depth < 0) return false;
  bool is_steady = true;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value); ++i) {
    PyObject* const item = PyTuple_GET_ITEM(value, i);
    const bool is_tuple = IsSteadyTuple(item, depth - 1);
    if (IsMadeOfCode(item) || (is_tuple && !IsConstant(item))) return true;
    is_steady = is_steady && (is_tuple || IsSteady(item));
  }
  return is_steady;
}

// For `isinstance`, to which their order is nothing: JAX fills one while it goes through a set.
bool IsTupleOfClasses(PyObject* value) {
  if (!PyTuple_CheckExact(value)) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value); ++i) {
    if (!PyType_Check(PyTuple_GET_ITEM(value, i))) return false;
  }
  return PyTuple_GET_SIZE(value) != 0;
}

}  // namespace

std::string_view TextOf(PyObject* text) {
  Py_ssize_t size = 0;
  const char* const bytes = text != nullptr && PyUnicode_Check(text) ? PyUnicode_AsUTF8AndSize(text, &size) : nullptr;
  if (bytes == nullptr) PyErr_Clear();
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, static_cast<std::size_t>(size));
}

std::vector<Name> NamesIn(PyObject* dict) {
  std::vector<Name> found;
  found.reserve(static_cast<std::size_t>(PyDict_GET_SIZE(dict)));
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(dict, &position, &key, &value) != 0) {
    if (PyUnicode_Check(key)) found.push_back({TextOf(key), key, value});
  }
  std::sort(found.begin(), found.end(), [](const Name& a, const Name& b) { return a.text < b.text; });
  return found;
}

bool IsDunder(PyObject* name) {
  const std::string_view text = TextOf(name);
  return text.size() > 4 && text.starts_with("__") && text.ends_with('_');
}

bool IsPrimitive(PyObject* value) {
  for (const PyTypeObject* type = Py_TYPE(value); type != nullptr; type = type->tp_base) {
    if (std::strcmp(type->tp_name, "Primitive") == 0) return true;
  }
  return false;
}

bool IsMadeOfCode(PyObject* value) {
  PyTypeObject* const type = Py_TYPE(value);
  if (type == &PyFunction_Type || PyType_Check(value) || PyCFunction_Check(value) || PyMethod_Check(value)) return true;
  return type->tp_call != nullptr || type->tp_descr_get != nullptr;  // what answers for an attribute, like a property
}

bool IsLasting(PyObject* name, PyObject* value) {
  if (IsMadeOfCode(value)) return true;
  if (std::strncmp(Py_TYPE(value)->tp_name, "numpy.", 6) == 0) return PyObject_CheckBuffer(value) != 0;  // a number
  return !IsDunder(name) && (IsConstant(value) || IsSteadyTuple(value) || IsPrimitive(value) || PyModule_Check(value));
}

bool IsFlag(PyObject* name, PyObject* value) { return (value == Py_None || PyBool_Check(value)) && !IsDunder(name); }

bool IsTable(PyObject* name, PyObject* value) {
  return !IsDunder(name) && (PyTuple_Check(value) ? IsTupleOfClasses(value) : IsSteadyContainer(value, kDeepestTable));
}

py::object DictOf(PyObject* value) {
  if (Py_TYPE(value)->tp_dictoffset == 0 || PyType_Check(value)) return py::object();
  py::object dict = py::reinterpret_steal<py::object>(PyObject_GenericGetDict(value, nullptr));
  if (!dict) PyErr_Clear();
  return dict;
}

}  // namespace jitserve
