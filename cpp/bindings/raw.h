// Readers that run no user code: what types and objects store, past any override of attribute access.
#pragma once

#include <pybind11/pybind11.h>

namespace jitserve {

inline pybind11::object Borrowed(PyObject* object) { return pybind11::reinterpret_borrow<pybind11::object>(object); }

// Never freed: for names that are needed for as long as there is an interpreter.
PyObject* Interned(const char* text);

// The namespace of a class; null for a type that is not ready.
pybind11::object NamespaceOf(PyTypeObject* cls);

// `__module__` and `__qualname__` of a class as the interpreter keeps them: exactly str, empty where somebody put
// something else there.
pybind11::object ModuleNameOf(PyTypeObject* cls);
pybind11::object QualnameOf(PyTypeObject* cls);

// What a namespace (a dict) holds under a name, borrowed; null if nothing.
PyObject* Lookup(PyObject* dict, PyObject* name);

inline bool IsHeapType(PyTypeObject* cls) { return (PyType_GetFlags(cls) & Py_TPFLAGS_HEAPTYPE) != 0; }

// Whether a variable that functions share holds a module.
inline bool HoldsModule(PyObject* cell) {
  PyObject* const held = PyCell_Check(cell) ? PyCell_GET(cell) : nullptr;
  return held != nullptr && PyModule_Check(held);
}

// Whether instances hold bytes that neither slots nor `__dict__` show: state that is kept in C.
bool HidesState(PyTypeObject* cls);

// An abstract base class and the abstract base classes that are made from it, each once.
pybind11::list AbstractClassesFrom(PyTypeObject* cls);
// The descriptor that reads `__dict__` of instances; True where they have one that none reads, None where they have
// none.
pybind11::object AttributesDescriptor(PyTypeObject* cls);

// A number that is new whenever an attribute of a class or of a base of it has changed, or its bases have, and that no
// two classes share; 0 where the interpreter has none to give. `__qualname__` is no attribute in this sense.
unsigned int VersionOf(PyTypeObject* cls);
// The same; 0 also where the class has changed since it was last used, or was never used. On Python 3.11 and 3.12 to be
// given a number shows in `__flags__`.
unsigned int PresentVersionOf(PyTypeObject* cls);

// Names of the slots of a class and what reads them, base classes last: (name, descriptor).
pybind11::list SlotDescriptors(PyTypeObject* cls);

}  // namespace jitserve
