#include "origins.h"

#include "code_parts.h"
#include "raw.h"

namespace py = pybind11;

namespace jitserve {
namespace {

struct Texts {
  PyObject* file = Interned("__file__");
};

const Texts& Names() {
  static const Texts* const kTexts = new Texts;
  return *kTexts;
}

// The loaded module of exactly that name, borrowed; null where there is none, or something else in its place.
PyObject* LoadedModule(PyObject* name) {
  PyObject* const modules = PySys_GetObject("modules");  // borrowed
  if (modules == nullptr || !PyDict_CheckExact(modules)) return nullptr;
  PyObject* const module = Lookup(modules, name);
  return module != nullptr && PyModule_Check(module) ? module : nullptr;
}

bool HasDot(PyObject* text) { return PyUnicode_FindChar(text, '.', 0, PyUnicode_GET_LENGTH(text), 1) >= 0; }

}  // namespace

Origins::Origins(const py::module_& module)
    : opaque_(module.attr("Origin").attr("OPAQUE")),
      library_(module.attr("Origin").attr("LIBRARY")),
      of_file_(module.attr("of_file")),
      of_function_(module.attr("of_function")),
      of_module_(module.attr("of_module")),
      look_up_(module.attr("look_up")),
      builtin_modules_(py::module_::import("sys").attr("builtin_module_names")) {}

Origin Origins::From(py::handle member) const {
  if (member.is(opaque_)) return Origin::kOpaque;
  return member.is(library_) ? Origin::kLibrary : Origin::kUser;
}

Origin Origins::OfFile(PyObject* filename) {
  if (const Origin* const known = files_.Find(filename)) return *known;
  const py::object kept = Borrowed(filename);
  const Origin origin = From(of_file_(kept));
  files_.Remember(filename, origin);
  return origin;
}

Origin Origins::OfFunction(PyObject* function) {
  PyObject* const filename = reinterpret_cast<PyCodeObject*>(PyFunction_GET_CODE(function))->co_filename;
  if (!IsGenerated(filename)) return OfFile(filename);
  return From(of_function_(py::handle(function)));
}

Origin Origins::OfModule(PyObject* name) {
  PyObject* const module = LoadedModule(name);
  PyObject* const file = module == nullptr ? nullptr : Lookup(PyModule_GetDict(module), Names().file);
  if (file != nullptr && PyUnicode_CheckExact(file)) return OfFile(file);
  if (module != nullptr && PySequence_Contains(builtin_modules_.ptr(), name) == 1) return Origin::kOpaque;
  return From(of_module_(py::handle(name)));
}

// Whether the functions of the class are all of that origin, and one of them was written in the module of that name.
bool Origins::ComeFrom(PyTypeObject* cls, PyObject* module, Origin origin) {
  PyObject* const loaded = LoadedModule(module);
  PyObject* const home = loaded == nullptr ? nullptr : PyModule_GetDict(loaded);
  const py::object names = NamespaceOf(cls);
  const py::object values = Owned(PyDict_Values(names.ptr()));  // to ask for an origin may run Python code
  bool is_written = false;
  for (py::handle value : py::reinterpret_borrow<py::list>(values)) {
    if (!Py_IS_TYPE(value.ptr(), &PyFunction_Type)) continue;
    if (OfFunction(value.ptr()) != origin) return false;
    PyObject* const filename = reinterpret_cast<PyCodeObject*>(PyFunction_GET_CODE(value.ptr()))->co_filename;
    is_written |= PyFunction_GET_GLOBALS(value.ptr()) == home && !IsGenerated(filename);
  }
  return is_written;
}

Origin Origins::OfClass(PyTypeObject* cls) {
  const py::object module = ModuleNameOf(cls);
  const Origin claimed = OfModule(module.ptr());
  if (claimed == Origin::kUser || !IsHeapType(cls) || HidesState(cls)) return claimed;
  const py::object qualname = QualnameOf(cls);
  if (IsAtHome(reinterpret_cast<PyObject*>(cls), module.ptr(), qualname.ptr())) return claimed;
  return ComeFrom(cls, module.ptr(), claimed) ? claimed : Origin::kUser;
}

bool Origins::IsAtHome(PyObject* object, PyObject* module, PyObject* qualname) {
  if (!PyUnicode_CheckExact(module) || !PyUnicode_CheckExact(qualname)) return false;
  PyObject* const loaded = LoadedModule(module);
  if (loaded != nullptr && !HasDot(qualname)) return Lookup(PyModule_GetDict(loaded), qualname) == object;
  return py::object(look_up_(py::handle(module), py::handle(qualname))).is(py::handle(object));
}

}  // namespace jitserve
