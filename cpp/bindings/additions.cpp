#include "additions.h"

#include <string_view>

#include "code_parts.h"
#include "raw.h"

namespace py = pybind11;

namespace jitserve {
namespace {

bool IsPlain(PyObject* value) {
  return value == Py_None || PyBool_Check(value) || PyLong_CheckExact(value) || PyFloat_CheckExact(value) ||
         PyComplex_CheckExact(value) || PyUnicode_CheckExact(value) || PyBytes_CheckExact(value);
}

constexpr int kDeepest = 8;  // of containers in containers

// Constants, and lists, tuples and dictionaries of such.
bool IsData(PyObject* value, int depth = 0) {
  if (IsPlain(value)) return true;
  if (depth == kDeepest) return false;
  if (PyList_CheckExact(value) || PyTuple_CheckExact(value)) {
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(value); ++i) {
      if (!IsData(PySequence_Fast_GET_ITEM(value, i), depth + 1)) return false;
    }
    return true;
  }
  if (!PyDict_CheckExact(value)) return false;
  PyObject* key = nullptr;
  PyObject* item = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(value, &position, &key, &item) != 0) {
    if (!IsPlain(key) || !IsData(item, depth + 1)) return false;
  }
  return true;
}

bool IsNamed(PyTypeObject* type, std::string_view name) { return type->tp_name == name; }

// What hardly any class of these modules holds: scalars of NumPy, and what data or functions are put into.
bool IsHolder(PyTypeObject* type) {
  if (IsNamed(type, "types.SimpleNamespace") || IsNamed(type, "collections.deque")) return true;
  if (IsNamed(type, "functools.partial")) return true;
  while (type != nullptr && !IsNamed(type, "numpy.generic")) type = type->tp_base;
  return type != nullptr;
}

// A function that is not written in Python, or that is jitted: where it is from does not show in its type.
bool IsCompiled(PyObject* value) {
  if (!PyCFunction_CheckExact(value)) return std::string_view(Py_TYPE(value)->tp_name).ends_with("PjitFunction");
  PyObject* const owner = PyCFunction_GET_SELF(value);
  return owner == nullptr || PyModule_Check(owner);
}

bool IsOfCompiled(PyObject* value) {
  if (!Py_IS_TYPE(value, &PyStaticMethod_Type)) return IsCompiled(value);
  static PyObject* const kFunction = Interned("__func__");
  return IsCompiled(Owned(PyObject_GetAttr(value, kFunction)).ptr());
}

bool IsPrivate(PyObject* name) {
  return !PyUnicode_CheckExact(name) || PyUnicode_GET_LENGTH(name) == 0 || PyUnicode_READ_CHAR(name, 0) == '_';
}

bool IsArray(PyTypeObject* type) {
  const std::string_view name = type->tp_name;
  return name == "numpy.ndarray" || name.ends_with("ArrayImpl");
}

// The descriptors that extensions bring for their own classes name a module that nobody can import.
bool IsOfLoadedModule(PyTypeObject* cls) {
  const py::object module = ModuleNameOf(cls);
  PyObject* const modules = PySys_GetObject("modules");
  return modules != nullptr && PyDict_Check(modules) && Lookup(modules, module.ptr()) != nullptr;
}

bool IsMadeElsewhere(Hooks& hooks, PyObject* value) {
  if (Py_IS_TYPE(value, &PyFunction_Type)) return hooks.origins.OfFunction(value) != Origin::kOpaque;
  auto* const cls = PyType_Check(value) ? reinterpret_cast<PyTypeObject*>(value) : Py_TYPE(value);
  return IsHeapType(cls) && IsOfLoadedModule(cls) && hooks.origins.OfClass(cls) != Origin::kOpaque;
}

// Such as the `__hash__` of a class whose instances have none.
bool IsSpecial(PyObject* name) {
  return PyUnicode_CheckExact(name) && PyUnicode_GET_LENGTH(name) > 1 && PyUnicode_READ_CHAR(name, 0) == '_' &&
         PyUnicode_READ_CHAR(name, 1) == '_';
}

bool Counts(Hooks& hooks, PyObject* name, PyObject* value) {
  const int hidden = PyUnicode_CheckExact(name) ? PySet_Contains(hooks.hidden.ptr(), name) : 0;
  if (hidden < 0) throw py::error_already_set();
  if (hidden == 1 || (value == Py_None && IsSpecial(name))) return false;
  if (Py_IS_TYPE(value, &PyFunction_Type)) return IsMadeElsewhere(hooks, value);
  return IsData(value) || IsArray(Py_TYPE(value)) || (!IsSpecial(name) && IsHolder(Py_TYPE(value))) ||
         (!IsPrivate(name) && IsOfCompiled(value)) || IsMadeElsewhere(hooks, value);
}

}  // namespace

std::vector<Child> Additions(Hooks& hooks, PyObject* names, const py::object& path, bool trusted) {
  std::vector<Child> children;
  const py::list items = Owned(PyDict_Items(names));  // to ask for an origin may run Python code
  for (py::handle item : items) {
    PyObject* const name = PyTuple_GET_ITEM(item.ptr(), 0);
    PyObject* const value = PyTuple_GET_ITEM(item.ptr(), 1);
    if (!Counts(hooks, name, value)) continue;
    children.push_back({.value = Borrowed(name), .path = path, .key = {}, .trusted = trusted});
    children.push_back({.value = Borrowed(value),
                        .path = path,
                        .step = StepsOfPaths().attribute,
                        .key = Borrowed(name),
                        .trusted = trusted});
  }
  return children;
}

}  // namespace jitserve
