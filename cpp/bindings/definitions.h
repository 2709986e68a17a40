// What the interpreter calls when code calls a function or a method that is written in C.
#pragma once

#include <Python.h>

namespace jitserve {

// The definition of a built-in function, of a method, or of a class method of a built-in type; null for anything else.
// It is shared by all that is made from it, and the interpreter reads it at every call, also in specialised code.
inline PyMethodDef* DefinitionOf(PyObject* function) {
  if (function == nullptr) return nullptr;
  if (PyCFunction_Check(function)) return reinterpret_cast<PyCFunctionObject*>(function)->m_ml;
  if (Py_IS_TYPE(function, &PyMethodDescr_Type) || Py_IS_TYPE(function, &PyClassMethodDescr_Type)) {
    return reinterpret_cast<PyMethodDescrObject*>(function)->d_method;
  }
  return nullptr;
}

// Has `replacement` called instead of a function whose arguments are handed over as `flags` say, and returns what was
// called before; null, and nothing is replaced, where they are handed over in another way.
template <typename Function>
Function Replace(PyObject* function, int flags, Function replacement) {
  PyMethodDef* const definition = DefinitionOf(function);
  constexpr int kConvention = METH_VARARGS | METH_KEYWORDS | METH_FASTCALL | METH_O | METH_NOARGS;
  if (definition == nullptr || (definition->ml_flags & kConvention) != flags) return nullptr;
  const auto original = reinterpret_cast<Function>(reinterpret_cast<void (*)()>(definition->ml_meth));
  definition->ml_meth = reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(replacement));
  return original;
}

}  // namespace jitserve
