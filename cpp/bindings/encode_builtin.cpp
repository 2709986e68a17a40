#include "encoders.h"
#include "raw.h"
#include "scalars.h"

namespace py = pybind11;

namespace jitserve {

// Most of them are functions of extensions that code of libraries names: a module and a name. What may refuse, or has
// an owner to be walked, is for `_builtins.encode_builtin`.
void EncodeBuiltin(Walker& walker, const Child& child) {
  PyObject* const function = child.value.ptr();
  PyObject* const owner = PyCFunction_GET_SELF(function);
  PyObject* const module = reinterpret_cast<PyCFunctionObject*>(function)->m_module;
  const bool has_names = module != nullptr && PyUnicode_CheckExact(module);
  if (!child.trusted || !has_names || (owner != nullptr && !PyModule_Check(owner))) {
    walker.hooks().encode_builtin(walker.self(), child.value, child.Path(), child.trusted);
    return;
  }
  walker.tokens().Begin("builtin", 2);
  EmitStr(walker.tokens(), py::handle(module));
  EmitStr(walker.tokens(), py::str(reinterpret_cast<PyCFunctionObject*>(function)->m_ml->ml_name));
}

}  // namespace jitserve
