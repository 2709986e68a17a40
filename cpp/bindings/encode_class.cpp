#include "additions.h"
#include "code_parts.h"
#include "encoders.h"
#include "raw.h"
#include "scalars.h"

namespace py = pybind11;

namespace jitserve {
namespace {

struct Texts {
  PyObject* abc = Interned("_abc_impl");
  PyObject* annotations = Interned("__annotations__");
  PyObject* class_name = Interned("__class__");
  PyObject* dict = Interned("__dict__");
  PyObject* members = Interned("_value2member_map_");
  PyObject* value = Interned("_value_");
  PyObject* module = Interned("__module__");
  PyObject* mro = Interned("__mro__");
  PyObject* weakref = Interned("__weakref__");
  PyObject* of_members =
      py::frozenset(py::make_tuple("_value_", "_name_", "__objclass__", "_sort_order_", "_inverted_")).release().ptr();
};

const Texts& Names() {
  static const Texts* const kTexts = new Texts;
  return *kTexts;
}

// Names of the classes that were registered with an abstract base class.
py::list Registered(Walker& walker, const py::object& cls, const py::object& names, bool users_only) {
  if (Lookup(names.ptr(), Names().abc) == nullptr) return py::list();
  return walker.hooks().registered(cls, users_only, walker.registrations);
}

void EncodeOpaque(Walker& walker, const Child& child, const py::object& path) {
  auto* const cls = reinterpret_cast<PyTypeObject*>(child.value.ptr());
  const py::object module = ModuleNameOf(cls);
  const py::object name = QualnameOf(cls);
  if (!child.trusted) walker.hooks().check_opaque(child.value, module, name, path);
  const py::list registered = Registered(walker, child.value, NamespaceOf(cls), true);
  Tokens& tokens = walker.tokens();
  std::vector<Child> added;
  if (IsHeapType(cls)) added = Additions(walker.hooks(), NamespaceOf(cls).ptr(), path, child.trusted);
  tokens.Begin("opaque class", 3 + registered.size());
  EmitStr(tokens, module);
  EmitStr(tokens, name);
  for (py::handle text : registered) EmitStr(tokens, text);
  tokens.Int(static_cast<std::int64_t>(added.size()));
  walker.Push(std::move(added));
}

// Whether somebody has set an attribute on a member of an enumeration, beside those that Python sets.
bool HasOwnAttributes(PyObject* dict) {
  PyObject* name = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(dict, &position, &name, &value) != 0) {
    if (!PyUnicode_CheckExact(name)) return true;
    const int is_known = PySet_Contains(Names().of_members, name);
    if (is_known < 0) throw py::error_already_set();
    if (is_known == 0) return true;
  }
  return false;
}

// By what values an enumeration finds members beside their own, if any. Of a flag, combinations are made when somebody
// asks for them.
py::object FurtherMembers(PyObject* members) {
  if (!PyDict_CheckExact(members)) return Borrowed(members);
  py::dict found;
  PyObject* key = nullptr;
  PyObject* member = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(members, &position, &key, &member) != 0) {
    const py::object dict = py::reinterpret_steal<py::object>(PyObject_GenericGetDict(member, nullptr));
    if (!dict) PyErr_Clear();
    if (!dict || Lookup(dict.ptr(), Names().value) != key || HasOwnAttributes(dict.ptr()))
      found[Borrowed(key)] = Borrowed(member);
  }
  return found.empty() ? py::object(py::none()) : py::object(found);
}

bool IsDescriptor(PyObject* value) {
  return Py_IS_TYPE(value, &PyGetSetDescr_Type) || Py_IS_TYPE(value, &PyMemberDescr_Type);
}

bool IsNamed(PyObject* name, PyObject* text) { return PyUnicode_Compare(name, text) == 0; }

// Whether the interpreter may have put a value under a name of its bookkeeping, rather than the body of the class.
bool IsOfInterpreter(PyObject* name, PyObject* value) {
  if (IsNamed(name, Names().dict) || IsNamed(name, Names().weakref)) return IsDescriptor(value);
  return !IsNamed(name, Names().module) || PyUnicode_CheckExact(value);
}

// Whether a name of a class that may be hidden is: not where somebody has put something else there than the library.
bool IsLeftOut(Hooks& hooks, PyObject* names, PyObject* name, PyObject* value) {
  const int is_compiled = PySet_Contains(hooks.compiled.ptr(), name);
  if (is_compiled < 0) throw py::error_already_set();
  if (is_compiled == 1) return hooks.is_compiled(Borrowed(names)).cast<bool>();
  const int is_hidden = PySet_Contains(hooks.hidden.ptr(), name);
  if (is_hidden < 0) throw py::error_already_set();
  if (is_hidden == 1) return true;
  return Py_IS_TYPE(value, &PyFunction_Type) && hooks.origins.OfFunction(value) != Origin::kUser;
}

// What a class holds under the names that count: name, value, name, value... `data` has the paths of what is told apart
// by name (`_class_data.py`), or None for what is left out.
std::vector<Child> Contents(Walker& walker, PyObject* names, const py::object& path, bool trusted, PyObject* data) {
  Hooks& hooks = walker.hooks();
  const py::object& hidden = trusted ? hooks.hidden_in_libraries : hooks.hidden;
  std::vector<Child> children;
  PyObject* name = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(names, &position, &name, &value) != 0) {
    const int is_hidden = PyUnicode_CheckExact(name) ? PySet_Contains(hidden.ptr(), name) : 0;
    if (is_hidden < 0) throw py::error_already_set();
    py::object shown = Borrowed(value);
    if (is_hidden == 1) {
      if (IsNamed(name, Names().members)) {
        shown = FurtherMembers(value);
        if (shown.is_none()) continue;
      } else if (IsOfInterpreter(name, value) && IsLeftOut(hooks, names, name, value)) {
        shown = trusted ? py::none() : hooks.ToldSignature(walker.self(), name, value);
        if (shown.is_none()) continue;
      }
    }
    PyObject* const known = data == nullptr ? nullptr : Lookup(data, name);
    if (known == Py_None) continue;
    children.push_back({.value = Borrowed(name), .path = path, .key = {}, .trusted = trusted});
    if (known != nullptr) {
      children.push_back({.value = std::move(shown), .path = Borrowed(known), .key = {}, .trusted = trusted});
      continue;
    }
    children.push_back({.value = std::move(shown),
                        .path = path,
                        .step = StepsOfPaths().attribute,
                        .key = Borrowed(name),
                        .trusted = trusted});
  }
  return children;
}

// What the order in which methods are looked up does not show: which classes are the direct bases, whether `match`
// takes instances for sequences or mappings, which registering with an abstract base class decides, and whether
// instances have attributes and weak references, where `__slots__` has been deleted.
void EmitBases(Tokens& tokens, PyTypeObject* cls, const py::tuple& order) {
  for (py::handle base : py::reinterpret_borrow<py::tuple>(cls->tp_bases)) {
    std::int64_t at = 0;
    while (at < static_cast<std::int64_t>(order.size()) && PyTuple_GET_ITEM(order.ptr(), at) != base.ptr()) ++at;
    tokens.Int(at);
  }
  tokens.Int(static_cast<std::int64_t>(PyType_GetFlags(cls) & (Py_TPFLAGS_SEQUENCE | Py_TPFLAGS_MAPPING)));
  tokens.Int(cls->tp_dictoffset);
  tokens.Int(cls->tp_weaklistoffset);
}

void EncodeWalked(Walker& walker, const Child& child, const py::object& path, bool trusted) {
  auto* const cls = reinterpret_cast<PyTypeObject*>(child.value.ptr());
  const py::object names = NamespaceOf(cls);
  const auto bases = py::reinterpret_borrow<py::tuple>(cls->tp_mro);
  Tokens& tokens = walker.tokens();
  walker.classes.append(py::make_tuple(child.value, path, trusted));
  const py::object data = trusted ? py::none() : walker.hooks().class_data(walker.self(), child.value, path);
  std::vector<Child> contents = Contents(walker, names.ptr(), path, trusted, data.is_none() ? nullptr : data.ptr());
  tokens.Begin("class", bases.size() + contents.size());
  EmitStr(tokens, ModuleNameOf(cls));
  EmitStr(tokens, QualnameOf(cls));
  EmitStr(tokens, Owned(PyType_GetName(cls)));
  PyObject* const annotations = Lookup(names.ptr(), Names().annotations);
  EmitAnnotations(walker, Borrowed(annotations == nullptr ? Py_None : annotations));
  for (py::handle text : Registered(walker, child.value, names, false)) EmitStr(tokens, text);
  const py::list asked = trusted ? py::list() : walker.hooks().registered_as(child.value, walker.registered_as);
  tokens.Int(static_cast<std::int64_t>(asked.size()));  // what is registered with the class is no part of these
  for (py::handle text : asked) EmitStr(tokens, text);
  tokens.Int(static_cast<std::int64_t>(bases.size()) - 1);
  EmitBases(tokens, cls, bases);
  std::vector<Child> children;
  children.reserve(bases.size() + contents.size());
  const auto append = [&](PyObject* value, PyObject* name) {
    children.push_back({.value = Borrowed(value),
                        .path = path,
                        .step = StepsOfPaths().attribute,
                        .key = Borrowed(name),
                        .trusted = trusted});
  };
  append(reinterpret_cast<PyObject*>(Py_TYPE(child.value.ptr())), Names().class_name);
  for (std::size_t i = 1; i < bases.size(); ++i) append(py::object(bases[i]).ptr(), Names().mro);
  children.insert(children.end(), std::move_iterator(contents.begin()), std::move_iterator(contents.end()));
  walker.Push(std::move(children));
}

}  // namespace

void EncodeClass(Walker& walker, const Child& child) {
  auto* const cls = reinterpret_cast<PyTypeObject*>(child.value.ptr());
  Origins& origins = walker.hooks().origins;
  // Where it comes from says how it is encoded, but for opaque ones: somebody may have put objects of the user into it.
  const bool is_told = walker.IsNewToUser(child.value.ptr()) && origins.OfClass(cls) != Origin::kOpaque;
  if (is_told ? !walker.NumberOnce(child.value.ptr(), child.path) : !walker.Number(child)) return;
  const py::object path = walker.paths[walker.paths.size() - 1];
  const Origin origin = origins.OfClass(cls);
  if (origin == Origin::kOpaque) return EncodeOpaque(walker, child, path);
  // Code may have it as a dictionary, too.
  if (const py::object names = NamespaceOf(cls)) walker.ShareInPart(names.ptr(), child.value.ptr());
  EncodeWalked(walker, child, path, origin == Origin::kLibrary);
}

}  // namespace jitserve
