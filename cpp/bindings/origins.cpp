#include "origins.h"

#include "code_parts.h"
#include "raw.h"

namespace py = pybind11;

namespace jitserve {
namespace {

struct Texts {
  PyObject* file = Interned("__file__");
  PyObject* name = Interned("__name__");
  PyObject* path = Interned("__path__");
  PyObject* main = Interned("__main__");
  PyObject* function = Interned("__func__");
  PyObject* dot = Interned(".");
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

Py_ssize_t LastDot(PyObject* text) { return PyUnicode_FindChar(text, '.', 0, PyUnicode_GET_LENGTH(text), -1); }

py::object LastPart(PyObject* dotted) {
  return Owned(PyUnicode_Substring(dotted, LastDot(dotted) + 1, PyUnicode_GET_LENGTH(dotted)));
}

py::object OuterPart(PyObject* dotted) { return Owned(PyUnicode_Substring(dotted, 0, LastDot(dotted))); }

bool IsFrozen(PyObject* filename) {
  static PyObject* const kFrozen = Interned("<frozen ");
  return PyUnicode_Tailmatch(filename, kFrozen, 0, PY_SSIZE_T_MAX, -1) == 1;
}

// What a module or a class holds under a name; null where there is nothing, or `holder` is neither.
py::object HeldBy(const py::object& holder, PyObject* name) {
  if (PyModule_Check(holder.ptr())) return Borrowed(Lookup(PyModule_GetDict(holder.ptr()), name));
  if (!PyType_Check(holder.ptr())) return py::object();
  const py::object names = NamespaceOf(reinterpret_cast<PyTypeObject*>(holder.ptr()));
  py::object held = Borrowed(names ? Lookup(names.ptr(), name) : nullptr);
  const bool is_wrapped =
      held && (Py_IS_TYPE(held.ptr(), &PyStaticMethod_Type) || Py_IS_TYPE(held.ptr(), &PyClassMethod_Type));
  return is_wrapped ? Owned(PyObject_GetAttr(held.ptr(), Names().function)) : held;
}

// What a dotted name in a loaded module holds, through modules and classes only; null where there is nothing.
py::object HeldUnder(PyObject* module, PyObject* qualname) {
  const py::object names = Owned(PyUnicode_Split(qualname, Names().dot, -1));
  py::object found = Borrowed(module);
  for (py::handle name : py::reinterpret_borrow<py::list>(names)) {
    found = HeldBy(found, name.ptr());
    if (!found) break;
  }
  return found;
}

}  // namespace

Origins::Origins(const py::module_& module)
    : opaque_(module.attr("Origin").attr("OPAQUE")),
      library_(module.attr("Origin").attr("LIBRARY")),
      user_(module.attr("Origin").attr("USER")),
      of_file_(module.attr("of_file")),
      of_module_(module.attr("of_module")),
      look_up_(module.attr("look_up")),
      builtin_modules_(py::module_::import("sys").attr("builtin_module_names")) {}

Origin Origins::From(py::handle member) const {
  if (member.is(opaque_)) return Origin::kOpaque;
  return member.is(library_) ? Origin::kLibrary : Origin::kUser;
}

const py::object& Origins::Member(Origin origin) const {
  if (origin == Origin::kOpaque) return opaque_;
  return origin == Origin::kLibrary ? library_ : user_;
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
  return IsGenerated(filename) ? OfGenerated(function, filename) : OfFile(filename);
}

// Generated code belongs to the module that it was made in.
Origin Origins::OfGenerated(PyObject* function, PyObject* filename) {
  if (IsFrozen(filename)) return OfFile(filename);
  PyObject* const globals = PyFunction_GET_GLOBALS(function);
  const py::object name = Borrowed(Lookup(globals, Names().name));
  if (!name || !PyUnicode_CheckExact(name.ptr())) return Origin::kUser;
  PyObject* const module = LoadedModule(name.ptr());
  if (module == nullptr || PyModule_GetDict(module) != globals) return Origin::kUser;
  return PyUnicode_Compare(name.ptr(), Names().main) == 0 ? Origin::kUser : OfModule(name.ptr());
}

Origin Origins::OfModule(PyObject* name) {
  PyObject* const module = LoadedModule(name);
  PyObject* const file = module == nullptr ? nullptr : Lookup(PyModule_GetDict(module), Names().file);
  if (file != nullptr && PyUnicode_CheckExact(file)) return OfFile(file);
  if (module != nullptr && PySequence_Contains(builtin_modules_.ptr(), name) == 1) return Origin::kOpaque;
  const bool is_package = module != nullptr && Lookup(PyModule_GetDict(module), Names().path) != nullptr;
  PyObject* const modules = PySys_GetObject("modules");
  if (is_package || modules == nullptr || !PyDict_CheckExact(modules)) return From(of_module_(py::handle(name)));
  // An inner module of an extension has no file of its own, or is not loaded by a name.
  return HasDot(name) ? OfModule(OuterPart(name).ptr()) : Origin::kUser;
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
  auto* const object = reinterpret_cast<PyObject*>(cls);
  if (IsAtHome(object, module.ptr(), qualname.ptr())) return claimed;
  // The qualified name of `jax.Array` has that of the extension in it that has made it.
  if (HasDot(qualname.ptr()) && IsAtHome(object, module.ptr(), LastPart(qualname.ptr()).ptr())) return claimed;
  return ComeFrom(cls, module.ptr(), claimed) ? claimed : Origin::kUser;
}

bool Origins::IsAtHome(PyObject* object, PyObject* module, PyObject* qualname) {
  if (!PyUnicode_CheckExact(module) || !PyUnicode_CheckExact(qualname)) return false;
  PyObject* const loaded = LoadedModule(module);
  if (loaded != nullptr && !HasDot(qualname)) return Lookup(PyModule_GetDict(loaded), qualname) == object;
  if (loaded != nullptr) return HeldUnder(loaded, qualname).is(py::handle(object));
  return py::object(look_up_(py::handle(module), py::handle(qualname))).is(py::handle(object));
}

}  // namespace jitserve
