#include "code_parts.h"
#include "encoders.h"
#include "imports.h"
#include "raw.h"

namespace py = pybind11;

namespace jitserve {
namespace {

constexpr Py_ssize_t kChains = 2;  // the field of Names

// What the global names of one function of a library lead to, and the modules that it captures. Where a name is a
// module, only the values at the ends of its attribute chains count.
class Bindings {
 public:
  Bindings(const Hooks& hooks, const py::object& path, std::vector<Child>& children)
      : hooks_(hooks), path_(path), children_(children) {}

  void Append(PyObject* name, PyObject* chains, PyObject* globals, PyObject* builtins) {
    AppendText(name);
    PyObject* value = Lookup(globals, name);
    if (value == nullptr) {
      value = Lookup(builtins, name);
      AppendMarker(value == nullptr ? hooks_.unresolved : hooks_.builtin);
    }
    if (value == nullptr) return;
    const Child found{
        .value = Borrowed(value), .path = path_, .step = StepsOfPaths().global, .key = Borrowed(name), .trusted = true};
    if (PyModule_Check(value)) {
      for (py::handle chain : py::reinterpret_borrow<py::list>(chains)) Follow(found, chain.ptr(), 0);
    } else {
      children_.push_back(found);
      for (py::handle chain : py::reinterpret_borrow<py::list>(chains)) ThroughClass(found, chain.ptr(), 0);
    }
  }

  void AppendCaptured(PyObject* name, PyObject* module, const py::tuple& chains) {
    AppendText(name);
    const Child found{
        .value = Borrowed(module), .path = path_, .step = StepsOfPaths().cell, .key = Borrowed(name), .trusted = true};
    for (py::handle chain : chains) {
      if (PyTuple_GET_SIZE(chain.ptr()) > 0) Follow(found, chain.ptr(), 0);
    }
  }

 private:
  void AppendText(PyObject* text) {
    children_.push_back({.value = Borrowed(text), .path = path_, .key = {}, .trusted = true});
  }

  void AppendMarker(const py::object& marker) {
    children_.push_back({.value = marker, .path = path_, .key = {}, .trusted = true});
  }

  // Walks an attribute chain from its place `at` for as long as it runs through modules; adds what stands at its end.
  void Follow(Child found, PyObject* chain, Py_ssize_t at) {
    while (at < PyTuple_GET_SIZE(chain) && PyModule_Check(found.value.ptr())) {
      PyObject* const name = PyTuple_GET_ITEM(chain, at++);
      children_.push_back({.value = Borrowed(name), .path = found.Path(), .key = {}, .trusted = true});
      Child next{.value = {},
                 .path = children_.back().path,
                 .step = StepsOfPaths().attribute,
                 .key = Borrowed(name),
                 .trusted = true};
      next.value = InModule(found.value, name);
      if (!next.value) {
        next.value = hooks_.missing;
        return children_.push_back(std::move(next));
      }
      found = std::move(next);
    }
    children_.push_back(found);
    ThroughClass(found, chain, at);
  }

  // Null if there is no such attribute, not even one that an opaque module loads when it is asked for.
  py::object InModule(const py::object& module, PyObject* name) {
    PyObject* const names = PyModule_GetDict(module.ptr());
    if (PyObject* const value = Lookup(names, name)) return Borrowed(value);
    if (!hooks_.load_lazily(module, py::handle(name)).cast<bool>()) return py::object();
    return Borrowed(Lookup(names, name));
  }

  // Follows a chain on through a module that a class of a library holds, as haiku's own `class hk` does.
  void ThroughClass(const Child& found, PyObject* chain, Py_ssize_t at) {
    if (at >= PyTuple_GET_SIZE(chain) || !PyType_Check(found.value.ptr())) return;
    const py::object names = NamespaceOf(reinterpret_cast<PyTypeObject*>(found.value.ptr()));
    PyObject* const name = PyTuple_GET_ITEM(chain, at);
    PyObject* const inner = names ? Lookup(names.ptr(), name) : nullptr;
    if (inner == nullptr || !PyModule_Check(inner)) return;
    const Child module{.value = Borrowed(inner),
                       .path = found.Path(),
                       .step = StepsOfPaths().attribute,
                       .key = Borrowed(name),
                       .trusted = true};
    Follow(module, chain, at + 1);
  }

  const Hooks& hooks_;
  const py::object& path_;
  std::vector<Child>& children_;
};

bool Contains(const py::object& set, PyObject* name) {
  const int found = PySet_Contains(set.ptr(), name);
  if (found < 0) throw py::error_already_set();
  return found == 1;
}

// Whether this is what `bindings` in Python makes exceptions for, or refuses.
bool IsSpecial(const Hooks& hooks, PyObject* function, const py::list& chains) {
  const auto* const parts = reinterpret_cast<PyFunctionObject*>(function);
  if (!PyDict_CheckExact(parts->func_globals) || !PyDict_CheckExact(parts->func_builtins)) return true;
  const auto* const code = reinterpret_cast<PyCodeObject*>(parts->func_code);
  if (PyUnicode_CompareWithASCIIString(code->co_name, "__hash__") == 0) return true;
  for (py::handle item : chains) {
    if (Contains(hooks.special_names, PyTuple_GET_ITEM(item.ptr(), 0))) return true;
  }
  return false;
}

void AppendCapturedModules(PyFunctionObject* function, Bindings& bindings) {
  PyObject* const closure = function->func_closure;
  const Py_ssize_t size = closure == nullptr ? 0 : PyTuple_GET_SIZE(closure);
  auto* const code = reinterpret_cast<PyCodeObject*>(function->func_code);
  PyObject* const names = code->co_localsplusnames;  // free variables come last
  const Py_ssize_t first = PyTuple_GET_SIZE(names) - size;
  for (Py_ssize_t i = 0; i < size; ++i) {
    PyObject* const cell = PyTuple_GET_ITEM(closure, i);
    if (!HoldsModule(cell)) continue;
    const py::object module = Borrowed(PyCell_GET(cell));
    PyObject* const name = PyTuple_GET_ITEM(names, first + i);
    bindings.AppendCaptured(name, module.ptr(), UsesOfVariable(code, name).chains);
  }
}

}  // namespace

void AppendBindings(Walker& walker, PyObject* function, py::handle names, const py::object& path,
                    std::vector<Child>& children) {
  const Hooks& hooks = walker.hooks();
  const auto chains = py::reinterpret_borrow<py::list>(PyTuple_GET_ITEM(names.ptr(), kChains));
  if (IsSpecial(hooks, function, chains)) {
    return AppendAll(hooks.bindings(walker.self(), py::handle(function), path, true), children);
  }
  const auto* const parts = reinterpret_cast<PyFunctionObject*>(function);
  const py::object globals = Borrowed(parts->func_globals);
  const py::object builtins = Borrowed(parts->func_builtins);
  Bindings bindings(hooks, path, children);
  for (py::handle item : chains) {
    bindings.Append(PyTuple_GET_ITEM(item.ptr(), 0), PyTuple_GET_ITEM(item.ptr(), 1), globals.ptr(), builtins.ptr());
  }
  AppendCapturedModules(reinterpret_cast<PyFunctionObject*>(function), bindings);
}

}  // namespace jitserve
