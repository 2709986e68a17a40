#include "raw.h"

#include <cstring>
#include <unordered_set>
#include <utility>
#include <vector>

#include "code_parts.h"

namespace py = pybind11;

namespace jitserve {
namespace {

struct Texts {
  PyObject* dict = Interned("__dict__");
  PyObject* empty = Interned("");
  PyObject* builtins = Interned("builtins");
  PyObject* module = Interned("__module__");
  PyObject* weakref = Interned("__weakref__");
  PyObject* abc = Interned("_abc_impl");
  PyObject* subclasses = Interned("__subclasses__");
};

const Texts& Names() {
  static const Texts* const kTexts = new Texts;
  return *kTexts;
}

// By such a member an extension tells where instances keep something: what lies there is an address.
bool IsOffset(PyObject* name) {
  for (const char* const text : {"__vectorcalloffset__", "__weaklistoffset__", "__dictoffset__"}) {
    if (PyUnicode_CompareWithASCIIString(name, text) == 0) return true;
  }
  return false;
}

}  // namespace

PyObject* Interned(const char* text) {
  PyObject* const name = PyUnicode_InternFromString(text);
  if (name == nullptr) throw py::error_already_set();
  return name;
}

py::object NamespaceOf(PyTypeObject* cls) {
#if PY_VERSION_HEX >= 0x030C0000
  return py::reinterpret_steal<py::object>(PyType_GetDict(cls));
#else
  return Borrowed(cls->tp_dict);
#endif
}

PyObject* Lookup(PyObject* dict, PyObject* name) {
  PyObject* const found = PyDict_GetItemWithError(dict, name);
  if (found == nullptr && PyErr_Occurred() != nullptr) throw py::error_already_set();
  return found;
}

py::object ModuleNameOf(PyTypeObject* cls) {
  if (IsHeapType(cls)) {
    const py::object names = NamespaceOf(cls);
    PyObject* const found = names ? Lookup(names.ptr(), Names().module) : nullptr;
    return Borrowed(found != nullptr && PyUnicode_CheckExact(found) ? found : Names().empty);
  }
  const char* const dot = std::strrchr(cls->tp_name, '.');
  if (dot == nullptr) return Borrowed(Names().builtins);
  return Owned(PyUnicode_FromStringAndSize(cls->tp_name, dot - cls->tp_name));
}

py::object QualnameOf(PyTypeObject* cls) {
  py::object name = Owned(PyType_GetQualName(cls));
  if (PyUnicode_CheckExact(name.ptr())) return name;
  return Owned(PyUnicode_FromObject(name.ptr()));  // of a subclass of str
}

bool HidesState(PyTypeObject* cls) {
  PyTypeObject* const base = cls->tp_base;
  if (base == nullptr) return false;
  const py::object names = NamespaceOf(cls);
  if (!names) return true;
  Py_ssize_t shown = 0;
  PyObject* name = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(names.ptr(), &position, &name, &value) != 0) {
    if (Py_IS_TYPE(value, &PyMemberDescr_Type)) ++shown;
  }
  for (PyObject* const own : {Names().dict, Names().weakref}) {
    if (Lookup(names.ptr(), own) != nullptr) ++shown;
  }
  return cls->tp_basicsize > base->tp_basicsize + static_cast<Py_ssize_t>(sizeof(PyObject*)) * shown;
}

py::list AbstractClassesFrom(PyTypeObject* cls) {
  py::list found;
  std::unordered_set<PyObject*> met;
  std::vector<py::object> waiting = {Borrowed(reinterpret_cast<PyObject*>(cls))};
  while (!waiting.empty()) {
    const py::object kind = std::move(waiting.back());
    waiting.pop_back();
    if (!met.insert(kind.ptr()).second) continue;
    found.append(kind);
    auto* const type = reinterpret_cast<PyObject*>(&PyType_Type);  // not what a metaclass calls by that name
    const py::object made = Owned(PyObject_CallMethodOneArg(type, Names().subclasses, kind.ptr()));
    for (py::handle each : py::reinterpret_borrow<py::list>(made)) {
      const py::object names = NamespaceOf(reinterpret_cast<PyTypeObject*>(each.ptr()));
      if (names && Lookup(names.ptr(), Names().abc) != nullptr) waiting.push_back(Borrowed(each.ptr()));
    }
  }
  return found;
}

py::object AttributesDescriptor(PyTypeObject* cls) {
  for (py::handle kind : py::reinterpret_borrow<py::tuple>(cls->tp_mro)) {
    const py::object names = NamespaceOf(reinterpret_cast<PyTypeObject*>(kind.ptr()));
    PyObject* const found = names ? Lookup(names.ptr(), Names().dict) : nullptr;
    if (found == nullptr) continue;
    if (Py_IS_TYPE(found, &PyGetSetDescr_Type) || Py_IS_TYPE(found, &PyMemberDescr_Type)) return Borrowed(found);
  }
  return cls->tp_dictoffset != 0 ? py::object(py::bool_(true)) : py::object(py::none());
}

unsigned int VersionOf(PyTypeObject* cls) {
  static PyObject* const kAnyName = Interned("__class__");
  _PyType_Lookup(cls, kAnyName);  // which gives a class that has changed since it was last used its new number
  return PresentVersionOf(cls);
}

unsigned int PresentVersionOf(PyTypeObject* cls) {
#ifdef Py_GIL_DISABLED
  static_cast<void>(cls);
  return 0;
#else
#if PY_VERSION_HEX < 0x030D0000
  if (!PyType_HasFeature(cls, Py_TPFLAGS_VALID_VERSION_TAG)) return 0;
#endif
  return cls->tp_version_tag;
#endif
}

py::list SlotDescriptors(PyTypeObject* cls) {
  py::list found;
  for (py::handle kind : py::reinterpret_borrow<py::tuple>(cls->tp_mro)) {
    auto* const type = reinterpret_cast<PyTypeObject*>(kind.ptr());
    if (!IsHeapType(type)) continue;
    const py::object names = NamespaceOf(type);
    PyObject* name = nullptr;
    PyObject* value = nullptr;
    Py_ssize_t position = 0;
    while (PyDict_Next(names.ptr(), &position, &name, &value) != 0) {
      if (!Py_IS_TYPE(value, &PyMemberDescr_Type)) continue;
      if (PyUnicode_Check(name) && (PyUnicode_Compare(name, Names().dict) == 0 || IsOffset(name))) continue;
      found.append(py::make_tuple(Borrowed(name), Borrowed(value)));
    }
  }
  return found;
}

}  // namespace jitserve
