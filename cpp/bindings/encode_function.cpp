#include <string_view>
#include <utility>

#include "additions.h"
#include "buffer.h"
#include "code.h"
#include "code_parts.h"
#include "encoders.h"
#include "raw.h"
#include "scalars.h"

namespace py = pybind11;

namespace jitserve {
namespace {

enum NamesField { kDigest = 0, kCodes = 1, kImports = 5 };

PyFunctionObject* AsFunction(PyObject* object) { return reinterpret_cast<PyFunctionObject*>(object); }
PyCodeObject* CodeOf(PyObject* function) { return reinterpret_cast<PyCodeObject*>(PyFunction_GET_CODE(function)); }

void EmitScalarOrNone(Tokens& tokens, PyObject* value) {
  if (value == nullptr || !EmitScalar(tokens, value)) tokens.None();
}

void EmitHead(Tokens& tokens, const char* tag, PyObject* function, const Digest& digest) {
  tokens.Begin(tag, 4);
  tokens.DigestOf(digest);
  EmitScalarOrNone(tokens, AsFunction(function)->func_name);
  EmitScalarOrNone(tokens, AsFunction(function)->func_qualname);
  EmitScalarOrNone(tokens, PyFunction_GET_MODULE(function));
}

// Parts of a function, found at `path`.
class State {
 public:
  State(Walker& walker, PyObject* function, const py::object& path, bool trusted)
      : walker_(walker), function_(function), path_(path), trusted_(trusted) {}

  // The same without the modules that the closure holds, and the dictionaries that are asked for items only: what is
  // read of them is for `bindings`, as if they were global.
  std::vector<Child> AllButParts() && {
    without_parts_ = true;
    return std::move(*this).All();
  }

  // What a function holds besides its code: defaults, closure and attributes.
  std::vector<Child> All() && {
    AppendNames();
    AppendDefaults();
    AppendKeywordDefaults();
    AppendClosure();
    AppendAttributes();
    return std::move(children_);
  }

  // What somebody has set on a function that `functools.singledispatch` has made, beside what that sets.
  std::vector<Child> SetOnDispatcher() && {
    of_dispatcher_ = true;
    AppendAttributes();
    return std::move(children_);
  }

  // What can be seen of it without running it.
  std::vector<Child> Visible() && {
    without_defaults_ = walker_.hides_defaults;
    AppendNames();
    AppendDefaults();
    AppendKeywordDefaults();
    AppendAttributes();
    return std::move(children_);
  }

 private:
  void Append(py::object value) {
    children_.push_back({.value = std::move(value), .path = path_, .key = {}, .trusted = trusted_});
  }

  void AppendAt(PyObject* value, PyObject* step, PyObject* key) {
    children_.push_back(
        {.value = Borrowed(value), .path = path_, .step = step, .key = Borrowed(key), .trusted = trusted_});
  }

  void AppendHead(const char* what, Py_ssize_t size) {
    Append(py::str(what));
    Append(py::int_(size));
  }

  void AppendPart(const char* name, PyObject* value) {
    const py::str text(name);
    Append(text);
    AppendAt(value, StepsOfPaths().attribute, text.ptr());
  }

  // What the head of a function does not show: names that are no plain texts, and its type parameters.
  void AppendNames() {
    for (const auto& [name, value] : {std::pair("__name__", AsFunction(function_)->func_name),
                                      std::pair("__qualname__", AsFunction(function_)->func_qualname),
                                      std::pair("__module__", PyFunction_GET_MODULE(function_))}) {
      if (value != nullptr && value != Py_None && !PyUnicode_CheckExact(value)) AppendPart(name, value);
    }
#if PY_VERSION_HEX >= 0x030C0000
    PyObject* const parameters = AsFunction(function_)->func_typeparams;
    if (parameters != nullptr && PyTuple_Check(parameters) && PyTuple_GET_SIZE(parameters) != 0) {
      AppendPart("__type_params__", parameters);
    }
#endif
  }

  void AppendDefaults() {
    PyObject* const defaults = PyFunction_GET_DEFAULTS(function_);
    if (defaults == nullptr) return;
    if (!PyTuple_CheckExact(defaults)) return AppendPart("__defaults__", defaults);
    const Py_ssize_t size = PyTuple_GET_SIZE(defaults);
    AppendHead("__defaults__", size);
    const Py_ssize_t first = CodeOf(function_)->co_argcount - size;
    PyObject* const names = CodeOf(function_)->co_localsplusnames;  // parameters come first
    for (Py_ssize_t i = 0; i < size; ++i) {
      const py::object name = first < 0 ? py::int_(i) : Borrowed(PyTuple_GET_ITEM(names, first + i));
      AppendDefault(PyTuple_GET_ITEM(defaults, i), StepsOfPaths().default_value, name);
    }
  }

  void AppendDefault(PyObject* value, PyObject* step, const py::object& name) {
    AppendAt(IsHidden(name) ? walker_.hooks().unset.ptr() : value, step, name.ptr());
  }

  bool IsHidden(const py::object& name) const { return without_defaults_ || walker_.HidesDefault(function_, name); }

  void AppendPairs(PyObject* dict, PyObject* step) {
    PyObject* name = nullptr;
    PyObject* value = nullptr;
    Py_ssize_t position = 0;
    while (PyDict_Next(dict, &position, &name, &value) != 0) {
      const py::object lasting = LastingName(*CodeOf(function_), name);
      Append(lasting);
      AppendDefault(value, step, lasting);
      if (IsHidden(lasting)) walker_.LeaveOutOf(dict);
    }
  }

  void AppendKeywordDefaults() {
    PyObject* const defaults = PyFunction_GET_KW_DEFAULTS(function_);
    if (defaults == nullptr || !PyDict_Check(defaults)) return;
    if (!PyDict_CheckExact(defaults)) return AppendPart("__kwdefaults__", defaults);
    if (!walker_.Share(defaults, function_)) return;
    AppendHead("__kwdefaults__", PyDict_GET_SIZE(defaults));
    AppendPairs(defaults, StepsOfPaths().keyword_default);
  }

  void AppendClosure() {
    PyObject* const closure = PyFunction_GET_CLOSURE(function_);
    const Py_ssize_t size = closure == nullptr ? 0 : PyTuple_GET_SIZE(closure);
    if (size == 0) return;
    Append(py::str("__closure__"));
    PyObject* const names = CodeOf(function_)->co_localsplusnames;  // free variables come last
    const Py_ssize_t first = PyTuple_GET_SIZE(names) - size;
    const bool hands_on = trusted_ && HoldsUsersCode(closure);
    for (Py_ssize_t i = 0; i < size; ++i) {
      PyObject* const cell = PyTuple_GET_ITEM(closure, i);
      PyObject* const name = PyTuple_GET_ITEM(names, first + i);
      if (without_parts_ && HoldsModule(cell)) {
        AppendNumberOf(cell, "captured module");
      } else if (without_parts_ && HoldsItems(cell, name)) {
        AppendNumberOf(cell, "captured dictionary");
      } else {
        AppendAt(cell, StepsOfPaths().cell, name);
        if (hands_on && HoldsData(cell)) children_.back().trusted = false;
      }
    }
  }

  // A variable that another function may bind to something else.
  void AppendNumberOf(PyObject* cell, const char* what) {
    const Py_ssize_t number = walker_.CellNumber(cell);
    AppendHead(what, number);
    Append(py::int_(number < 0 ? number : walker_.IndexOf(cell)));
  }

  bool HoldsItems(PyObject* cell, PyObject* name) {
    PyObject* const content = PyCell_GET(cell);  // borrowed
    if (content == nullptr || !PyDict_CheckExact(content)) return false;
    return walker_.hooks().is_read_by_keys(py::handle(function_), py::handle(name), py::handle(content)).cast<bool>();
  }

  // A library that captures a function of the user's may hand it whatever else it has captured.
  bool HoldsUsersCode(PyObject* closure) {
    Origins& origins = walker_.hooks().origins;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(closure); ++i) {
      PyObject* content = PyCell_GET(PyTuple_GET_ITEM(closure, i));
      if (content == nullptr) continue;
      if (PyMethod_Check(content)) content = PyMethod_GET_FUNCTION(content);
      if (Py_IS_TYPE(content, &PyFunction_Type) ? origins.OfFunction(content) == Origin::kUser
                                                : IsOfUsersClass(origins, content)) {
        return true;
      }
    }
    return false;
  }

  static bool IsOfUsersClass(Origins& origins, PyObject* content) {
    auto* const cls = PyType_Check(content) ? reinterpret_cast<PyTypeObject*>(content) : Py_TYPE(content);
    return IsHeapType(cls) && origins.OfClass(cls) == Origin::kUser;
  }

  // Code says by itself whose it is, and modules are told apart elsewhere.
  static bool HoldsData(PyObject* cell) {
    PyObject* const content = PyCell_GET(cell);
    return content != nullptr && !PyFunction_Check(content) && !PyMethod_Check(content) &&
           !PyCFunction_Check(content) && !PyType_Check(content) && !PyModule_Check(content);
  }

  void AppendAttributes() {
    PyObject* const attributes = AsFunction(function_)->func_dict;
    if (attributes == nullptr) return;
    if (!PyDict_CheckExact(attributes)) {
      return AppendAt(attributes, StepsOfPaths().attribute, py::str("__dict__").ptr());
    }
    if (!walker_.Share(attributes, function_)) return;
    PyObject* name = nullptr;
    PyObject* value = nullptr;
    Py_ssize_t position = 0;
    while (PyDict_Next(attributes, &position, &name, &value) != 0) {
      if (IsDescriptive(name)) {
        // Code of the user's that asks for it is refused (`_annotations.is_told_by_name`), if it is there.
        if (PyUnicode_CompareWithASCIIString(name, "__signature__") == 0) Append(Borrowed(name));
        const py::object told = walker_.hooks().ToldSignature(walker_.self(), name, value);
        if (!told.is_none()) AppendAt(told.ptr(), StepsOfPaths().attribute, name);
        walker_.LeaveOutOf(attributes);
        continue;
      }
      if (of_dispatcher_ && IsOfDispatcher(name, value)) {
        walker_.LeaveOutOf(attributes);
        continue;
      }
      Append(Borrowed(name));
      AppendAt(value, StepsOfPaths().attribute, name);
    }
  }

  // Its functions close over its caches.
  static bool IsOfDispatcher(PyObject* name, PyObject* value) {
    if (!PyUnicode_CheckExact(name)) return false;
    if (Py_IS_TYPE(value, &PyFunction_Type)) {
      const py::object expected = Owned(PyUnicode_FromFormat("singledispatch.<locals>.%U", name));
      return PyUnicode_Compare(CodeOf(value)->co_qualname, expected.ptr()) == 0;
    }
    const bool is_clearing = PyUnicode_CompareWithASCIIString(name, "_clear_cache") == 0 && PyMethod_Check(value);
    return is_clearing ||
           (PyUnicode_CompareWithASCIIString(name, "registry") == 0 && Py_IS_TYPE(value, &PyDictProxy_Type));
  }

  bool IsDescriptive(PyObject* name) const {
    if (!PyUnicode_CheckExact(name)) return false;
    const int found = PySet_Contains(walker_.hooks().descriptive.ptr(), name);
    if (found < 0) throw py::error_already_set();
    return found == 1;
  }

  Walker& walker_;
  PyObject* function_;
  const py::object& path_;
  bool trusted_;
  bool without_parts_ = false;
  bool without_defaults_ = false;
  bool of_dispatcher_ = false;
  std::vector<Child> children_;
};

// `functools.singledispatch`: its registry; beside it there are only caches, and what somebody has set on it.
py::object RegistryOf(const Hooks& hooks, PyObject* function) {
  if (PyFunction_GET_CODE(function) != hooks.single_dispatch.ptr()) return py::object();
  static PyObject* const kRegistry = Interned("registry");
  const py::object registry = py::reinterpret_steal<py::object>(PyObject_GetAttr(function, kRegistry));
  if (!registry) PyErr_Clear();
  return registry && Py_IS_TYPE(registry.ptr(), &PyDictProxy_Type) ? registry : py::object();
}

// A function of JAX, numpy or the standard library: named by its code; what it closes over may be the user's.
void EncodeOpaque(Walker& walker, const Child& child, const py::object& path) {
  Hooks& hooks = walker.hooks();
  PyObject* const function = child.value.ptr();
  const py::object module = Borrowed(PyFunction_GET_MODULE(function) ? PyFunction_GET_MODULE(function) : Py_None);
  const py::object qualname = Borrowed(AsFunction(function)->func_qualname);
  if (!child.trusted) hooks.check_opaque(child.value, module, qualname, path);
  EmitHead(walker.tokens(), "opaque function", function, CodeDigest(PyFunction_GET_CODE(function), Docstrings::kDrop));
  // Only an opaque module vouches for it: `@jax.vmap` gives its wrapper the name of what it wraps, in a module of the
  // user, and closes over the user's function.
  const bool at_home = hooks.origins.IsAtHome(function, module.ptr(), qualname.ptr()) &&
                       hooks.origins.OfModule(module.ptr()) == Origin::kOpaque;
  std::vector<Child> children;
  if (const py::object registry = at_home ? py::object() : RegistryOf(hooks, function)) {
    children = State(walker, function, path, child.trusted).SetOnDispatcher();
    children.push_back({.value = registry,
                        .path = path,
                        .step = StepsOfPaths().attribute,
                        .key = py::str("registry"),
                        .trusted = child.trusted});
  } else if (!at_home) {
    children = State(walker, function, path, child.trusted).All();
  } else if (PyObject* const attributes = AsFunction(function)->func_dict; attributes != nullptr) {
    walker.ShareInPart(attributes, function);
    children = Additions(hooks, attributes, path, child.trusted);
  }
  walker.tokens().Int(static_cast<std::int64_t>(children.size()));
  walker.Push(std::move(children));
}

py::object AnnotationsOf(PyObject* function) {
  PyObject* const found = PyFunction_GetAnnotations(function);  // borrowed
  if (found == nullptr && PyErr_Occurred() != nullptr) throw py::error_already_set();
  return found == nullptr ? py::dict() : Borrowed(found);
}

Digest DigestOf(const py::object& bytes) { return DigestFrom(AsBytes(std::string_view(bytes.cast<py::bytes>()))); }

bool StartsWithOneOf(PyObject* text, const py::object& prefixes) {
  for (py::handle prefix : py::reinterpret_borrow<py::tuple>(prefixes)) {
    if (PyUnicode_Tailmatch(text, prefix.ptr(), 0, PY_SSIZE_T_MAX, -1) == 1) return true;
  }
  return false;
}

// Whether code is made anew by each process, under a name that says nothing (`_pruning._is_generated`).
bool IsMadeAnew(Hooks& hooks, PyCodeObject* code, PyObject* module) {
  static PyObject* const kMain = Interned("__main__");
  if (!IsGenerated(code->co_filename)) return false;
  return StartsWithOneOf(code->co_qualname, hooks.generated) || StartsWithOneOf(module, hooks.generated) ||
         StartsWithOneOf(code->co_filename, hooks.generated_files) ||
         (PyUnicode_Compare(module, kMain) != 0 && hooks.origins.OfModule(module) == Origin::kOpaque);
}

// The name of a function's code in footprints (`_pruning.name_of`), for names that are plain.
py::object NameInFootprints(Hooks& hooks, PyCodeObject* code, PyObject* module) {
  auto* const key = reinterpret_cast<PyObject*>(code);
  const auto* const known = hooks.names_in_footprints.Find(key);
  if (known != nullptr && known->first.ptr() == module) return known->second;
  py::object name = Owned(PyUnicode_FromFormat("%U:%U", module, code->co_qualname));
  if (known == nullptr) hooks.names_in_footprints.Remember(key, {Borrowed(module), name});
  return name;
}

// Whether the walk does not go into a function: its name is not in the footprint.
bool IsPruned(const Walker& walker, Hooks& hooks, PyObject* function) {
  static PyObject* const kName = Interned("__name__");
  if (walker.footprint().is_none()) return false;
  PyObject* const globals = AsFunction(function)->func_globals;
  PyObject* const module = PyDict_CheckExact(globals) ? Lookup(globals, kName) : nullptr;
  PyCodeObject* const code = CodeOf(function);
  if (module == nullptr || !PyUnicode_CheckExact(module) || !PyUnicode_IS_ASCII(module) ||
      !PyUnicode_IS_ASCII(code->co_qualname)) {
    return hooks.is_pruned(py::handle(function), walker.footprint()).cast<bool>();
  }
  const py::object kept = Borrowed(module);
  const int found = PySequence_Contains(walker.footprint().ptr(), NameInFootprints(hooks, code, kept.ptr()).ptr());
  if (found < 0) throw py::error_already_set();
  return found == 0 && !IsMadeAnew(hooks, code, kept.ptr());
}

// A function that an equal trace does not run: what can be seen of it without running it.
void EncodeBystander(Walker& walker, PyObject* function, const py::object& path, bool trusted) {
  EmitHead(walker.tokens(), "function that does not run", function, ParametersDigest(PyFunction_GET_CODE(function)));
  std::vector<Child> children = State(walker, function, path, trusted).Visible();
  EmitAnnotations(walker, AnnotationsOf(function));
  walker.tokens().Int(static_cast<std::int64_t>(children.size()));
  walker.Push(std::move(children));
}

}  // namespace

void EncodeFunction(Walker& walker, const Child& child) {
  Hooks& hooks = walker.hooks();
  PyObject* const function = child.value.ptr();
  // Where it comes from says how it is encoded, but for opaque ones: their wrappers close over objects of the user.
  const bool is_told = walker.IsNewToUser(function) && hooks.origins.OfFunction(function) != Origin::kOpaque;
  if (is_told ? !walker.NumberOnce(function, child.path) : !walker.Number(child)) return;
  const py::object path = walker.paths[walker.paths.size() - 1];
  const Origin origin = hooks.origins.OfFunction(function);
  if (origin == Origin::kOpaque) return EncodeOpaque(walker, child, path);
  const bool trusted = origin == Origin::kLibrary;
  if (IsPruned(walker, hooks, function)) return EncodeBystander(walker, function, path, trusted);
  const py::object code = Borrowed(PyFunction_GET_CODE(function));
  const auto names = hooks.NamesOf(code).cast<py::tuple>();
  walker.Cover(code.ptr(), py::object(names[kCodes]).ptr(), path);
  if (!trusted) hooks.meet_user_code(walker.self(), child.value, names, path);
  EmitHead(walker.tokens(), "function", function, DigestOf(names[kDigest]));
  State state(walker, function, path, trusted);
  std::vector<Child> children = trusted ? std::move(state).All() : std::move(state).AllButParts();
  EmitAnnotations(walker, AnnotationsOf(function));
  if (trusted) {
    AppendBindings(walker, function, names, path, children);
    if (py::len(names[kImports]) > 0) AppendAll(hooks.inner_imports(child.value, names, path), children);
  } else {
    AppendAll(hooks.bindings(walker.self(), child.value, path, false), children);
  }
  walker.tokens().Int(static_cast<std::int64_t>(children.size()));
  walker.Push(std::move(children));
}

}  // namespace jitserve
