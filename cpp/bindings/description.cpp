#include "description.h"

#include "intercept.h"
#include "objects.h"
#include "strangers.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace py = pybind11;

namespace jitserve {
namespace {

// What a function wraps; borrowed, or null.
PyObject* WrappedBy(PyObject* value) {
  static PyObject* const kWrapped = Interned("__wrapped__");
  if (PyMethod_Check(value)) value = PyMethod_GET_FUNCTION(value);
  if (!Py_IS_TYPE(value, &PyFunction_Type)) return nullptr;
  PyObject* const attributes = reinterpret_cast<PyFunctionObject*>(value)->func_dict;
  return attributes == nullptr ? nullptr : PyDict_GetItemWithError(attributes, kWrapped);
}

bool IsOurs(PyObject* value) {
  static PyObject* const kName = Interned("__name__");
  if (PyMethod_Check(value)) value = PyMethod_GET_FUNCTION(value);
  if (!Py_IS_TYPE(value, &PyFunction_Type)) return false;
  PyObject* const globals = reinterpret_cast<PyFunctionObject*>(value)->func_globals;
  return TextOf(PyDict_GetItemWithError(globals, kName)).substr(0, 9) == "jitserve.";
}

// What stood in a place where jitserve has put a function of its own, perhaps behind a decorator of JAX's; borrowed, or
// null.
PyObject* ReplacedByUs(PyObject* value) {
  if (PyObject* const stock = InterceptedBy(value)) return stock;
  PyObject* const wrapped = WrappedBy(value);
  if (wrapped == nullptr || IsOurs(value)) return wrapped;
  return IsOurs(wrapped) ? WrappedBy(wrapped) : nullptr;
}

// Whether an object may have attributes of its own, besides those that its class has slots for.
bool HasAttributes(PyObject* value) { return Py_TYPE(value)->tp_dictoffset != 0 && !PyType_Check(value); }

// The dictionary of those; null where none has been made yet, and that is not made here: it would be one more to watch.
py::object AttributesOf(PyObject* value) {
  if (PyType_HasFeature(Py_TYPE(value), Py_TPFLAGS_MANAGED_DICT)) return DictOf(value);
  PyObject* const* const where = _PyObject_GetDictPtr(value);
  return where == nullptr ? py::object() : py::reinterpret_borrow<py::object>(*where);
}

bool IsSameText(PyObject* left, PyObject* right) {
  return left != nullptr && right != nullptr && PyUnicode_Check(left) && PyUnicode_Check(right) &&
         PyUnicode_Compare(left, right) == 0;
}

bool IsContainer(PyObject* value) { return PyDict_Check(value) || PyList_Check(value) || PyAnySet_Check(value); }

}  // namespace

void Description::Text(std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  bytes_.append(reinterpret_cast<const char*>(&size), sizeof size);
  bytes_.append(text);
}

void Description::TypeName(PyTypeObject* type) {
  Tag('T');
  if (PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE)) {
    static PyObject* const kModule = Interned("__module__");
    const py::object names = NamespaceOf(type);
    Text(names ? PyDict_GetItemWithError(names.ptr(), kModule) : nullptr);
    Text(reinterpret_cast<PyHeapTypeObject*>(type)->ht_qualname);
  } else {
    Text(std::string_view(type->tp_name));
  }
}

bool Description::Constant(PyObject* value) {
  if (value == Py_None || PyBool_Check(value)) {
    Tag(value == Py_None ? 'N' : value == Py_True ? '1' : '0');
  } else if (PyLong_CheckExact(value)) {
    int overflow = 0;
    const long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
    Tag(overflow > 0 ? '>' : overflow < 0 ? '<' : 'i');
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
    if (overflow != 0) Text(py::reinterpret_steal<py::object>(PyNumber_ToBase(value, 16)).ptr());
  } else if (PyFloat_CheckExact(value)) {
    const double number = PyFloat_AS_DOUBLE(value);
    Tag('f');
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
  } else if (PyComplex_CheckExact(value)) {
    const Py_complex number = PyComplex_AsCComplex(value);
    Tag('c');
    bytes_.append(reinterpret_cast<const char*>(&number), sizeof number);
  } else if (PyUnicode_CheckExact(value)) {
    Tag('s');
    Text(value);
  } else if (PyBytes_CheckExact(value)) {
    Tag('b');
    Text(std::string_view(PyBytes_AS_STRING(value), static_cast<std::size_t>(PyBytes_GET_SIZE(value))));
  } else {
    return false;
  }
  return true;
}

bool Description::BuiltIn(PyObject* value, int depth) {
  PyTypeObject* const type = Py_TYPE(value);
  if (PyCFunction_Check(value)) {
    const auto* const function = reinterpret_cast<PyCFunctionObject*>(value);
    Tag('B');
    Text(std::string_view(function->m_ml->ml_name));
    Text(function->m_module);
    PyObject* const self = function->m_self;
    if (self != nullptr && !PyModule_Check(self)) Self(self, depth);
  } else if (type == &PyMethodDescr_Type || type == &PyClassMethodDescr_Type || type == &PyWrapperDescr_Type ||
             type == &PyGetSetDescr_Type || type == &PyMemberDescr_Type) {
    const auto* const descriptor = reinterpret_cast<PyDescrObject*>(value);
    Tag('D');
    TypeName(descriptor->d_type);
    Text(descriptor->d_name);
  } else if (PyModule_Check(value)) {
    static PyObject* const kName = Interned("__name__");
    Tag('M');
    Text(PyDict_GetItemWithError(PyModule_GetDict(value), kName));
  } else {
    return false;
  }
  return true;
}

// An attribute that its type computes without running code of the value's own.
void Description::Attribute(PyObject* value, const char* name, int depth) {
  const py::object found = py::reinterpret_steal<py::object>(PyObject_GetAttrString(value, name));
  if (!found) PyErr_Clear();
  Tag(found ? '.' : '-');
  if (found) Value(found.ptr(), depth);
}

bool Description::Wrapper(PyObject* value, int depth) {
  PyTypeObject* const type = Py_TYPE(value);
  if (type == &PyProperty_Type) {
    Tag('p');
    for (const char* part : {"fget", "fset", "fdel"}) Attribute(value, part, depth);
  } else if (type == &PyStaticMethod_Type || type == &PyClassMethod_Type) {
    Tag(type == &PyStaticMethod_Type ? 'S' : 'C');
    Attribute(value, "__func__", depth);
  } else if (PyMethod_Check(value)) {
    Tag('m');
    Value(PyMethod_GET_FUNCTION(value), depth);
    Self(PyMethod_GET_SELF(value), depth);
  } else if (std::strcmp(type->tp_name, "method-wrapper") == 0) {
    Tag('w');
    Attribute(value, "__name__", depth);
    const py::object self = py::reinterpret_steal<py::object>(PyObject_GetAttrString(value, "__self__"));
    if (!self) PyErr_Clear();
    if (self) Self(self.ptr(), depth);
  } else if (std::strcmp(type->tp_name, "numpy.ufunc") == 0) {
    Tag('u');
    Attribute(value, "__name__", depth);
  } else {
    return Partial(value, depth) || Getter(value, depth);
  }
  return true;
}

void Description::Items(PyObject* tuple, int depth) {
  Tag('(');
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); ++i) Value(PyTuple_GET_ITEM(tuple, i), depth);
  Tag(')');
}

// A container of constants and of named code. What has no order, or may have that of a set, is told sorted.
bool Description::Table(PyObject* value, int depth) {
  if (depth < 0) return false;
  std::vector<std::string> items;
  const auto add = [&](PyObject* key, PyObject* item) {
    Description part(home_, known_, watches_, unread_);
    part.is_held_ = is_held_;
    if (key != nullptr) part.Value(key, depth);
    if (PyTuple_Check(item) || !part.Table(item, depth - 1)) part.Value(item, depth);
    items.push_back(part.bytes());
  };
  bool is_ordered = false;
  if (PyDict_CheckExact(value)) {
    PyObject* key = nullptr;
    PyObject* item = nullptr;
    Py_ssize_t position = 0;
    while (PyDict_Next(value, &position, &key, &item) != 0) add(key, item);
    watches_.Dict(value);
  } else if (PyList_CheckExact(value)) {
    is_ordered = true;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(value); ++i) {
      PyObject* const item = PyList_GET_ITEM(value, i);
      is_ordered = is_ordered && !PyType_Check(item);
      add(nullptr, item);
    }
    watches_.Container(value);
  } else if (PyTuple_CheckExact(value)) {  // of classes
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value); ++i) add(nullptr, PyTuple_GET_ITEM(value, i));
  } else if (PyAnySet_CheckExact(value)) {
    const auto* const set = reinterpret_cast<PySetObject*>(value);
    for (Py_ssize_t i = 0; i <= set->mask; ++i) {
      if (set->table[i].key != nullptr && set->table[i].hash != -1) add(nullptr, set->table[i].key);
    }
    watches_.Container(value);
  } else {
    return false;
  }
  if (!is_ordered) std::sort(items.begin(), items.end());
  TypeName(Py_TYPE(value));
  for (const std::string& item : items) Text(std::string_view(item));
  Tag('}');
  return true;
}

void Description::Closure(PyObject* function, int depth) {
  PyObject* const closure = PyFunction_GET_CLOSURE(function);
  if (closure == nullptr) return;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(closure); ++i) {
    auto* const cell = reinterpret_cast<PyCellObject*>(PyTuple_GET_ITEM(closure, i));
    PyObject* const content = cell->ob_ref;
    if (content == nullptr || content == Py_None || IsContainer(content)) continue;
    watches_.Cell(reinterpret_cast<PyFunctionObject*>(function), cell);
    Value(content, depth);
  }
}

// Whether a function is one of another module, which tells of it. Names that decorators have copied say nothing.
bool Description::IsToldElsewhere(PyFunctionObject* function) const {
  static PyObject* const kName = Interned("__name__");
  const std::string_view name = TextOf(function->func_qualname);
  if (home_ == nullptr || name.empty() || name.find('<') != std::string_view::npos) return false;
  PyObject* const module = function->func_module;
  if (IsSameText(module, home_) || !IsSameText(module, PyDict_GetItemWithError(function->func_globals, kName))) {
    return false;
  }
  const auto* const code = reinterpret_cast<PyCodeObject*>(function->func_code);
  // Named tuples give their methods the names of methods.
  return TextOf(module) == "collections" || IsSameText(function->func_qualname, code->co_qualname);
}

void Description::Function(PyObject* value, int depth) {
  static PyObject* const kName = Interned("__name__");
  auto* const function = reinterpret_cast<PyFunctionObject*>(value);
  auto* const code = reinterpret_cast<PyCodeObject*>(function->func_code);
  Tag('F');
  Text(function->func_module);
  Text(function->func_qualname);
  watches_.Function(function);
  Text(code->co_qualname);
  // The line says which one it is in files that are known by their contents. Code of others is for the walk to see.
  if (TextOf(code->co_filename).substr(0, 1) != "<" && !known_.IsInDirectory(code->co_filename)) return;
  Text(PyDict_GetItemWithError(function->func_globals, kName));
  bytes_.append(reinterpret_cast<const char*>(&code->co_firstlineno), sizeof code->co_firstlineno);
  if (depth <= 0 || IsToldElsewhere(function)) return;
  if (function->func_defaults != nullptr) Items(function->func_defaults, depth);
  if (function->func_kwdefaults != nullptr) {
    PyObject* key = nullptr;
    PyObject* item = nullptr;
    Py_ssize_t position = 0;
    Tag('{');
    while (PyDict_Next(function->func_kwdefaults, &position, &key, &item) != 0) {
      Text(key);
      Value(item, depth);
    }
    watches_.Keywords(function);
  }
  Closure(value, depth);
}

// An object of a class that was written in Python, or of one like `PjitFunction`: its name, and what it is made from.
void Description::Instance(PyObject* value, int depth) {
  static PyObject* const kNames[] = {Interned("name"), Interned("__name__"), Interned("_name_"),
                                     Interned("__module__")};
  TypeName(Py_TYPE(value));
  if (!HasAttributes(value)) return;
  const py::object dict = AttributesOf(value);
  const auto attribute = [&](PyObject* name) { return dict ? PyDict_GetItemWithError(dict.ptr(), name) : nullptr; };
  for (PyObject* name : kNames) Text(attribute(name));
  // But for members of enumerations and primitives, an argument (a sharding, say) counts with all that is in it.
  const bool has_name = IsPrimitive(value) || attribute(kNames[2]) != nullptr;
  if (is_held_ && !has_name && !IsMadeOfCode(value)) LeaveUnread(value);
  // What is no code itself is there for what it says. What primitives are made from is told apart.
  if (IsMadeOfCode(value) && !IsPrimitive(value)) Contents(value, depth);
}

void Description::Slots(PyObject* value, int depth) {
  const py::object names = NamespaceOf(Py_TYPE(value));
  for (const Name& name : NamesIn(names.ptr())) {
    if (!Py_IS_TYPE(name.value, &PyMemberDescr_Type)) continue;
    const py::object item = py::reinterpret_steal<py::object>(
        Py_TYPE(name.value)->tp_descr_get(name.value, value, reinterpret_cast<PyObject*>(Py_TYPE(value))));
    if (!item) PyErr_Clear();
    Text(name.text);
    if (item) Value(item.ptr(), depth);
  }
}

void Description::Contents(PyObject* value, int depth) {
  if (!HasAttributes(value)) return Slots(value, depth);
  const py::object dict = AttributesOf(value);
  PyObject* key = nullptr;
  PyObject* item = nullptr;
  Py_ssize_t position = 0;
  while (dict && PyDict_Next(dict.ptr(), &position, &key, &item) != 0) {
    if (!PyUnicode_Check(key) || !IsMadeOfCode(item)) continue;
    Text(key);
    Value(item, depth);
  }
  watches_.Attributes(value, dict.ptr());
}

// What is neither a function that was written in Python, nor a class, a tuple, or an object with attributes.
bool Description::Plain(PyObject* value, int depth) {
  return Constant(value) || BuiltIn(value, depth) || Wrapper(value, depth) || Data(value, depth);
}

void Description::Value(PyObject* value, int depth) {
  if (PyObject* const stock = ReplacedByUs(value)) return Value(stock, depth);
  if (--depth < 0) return;
  if (Py_IS_TYPE(value, &PyFunction_Type)) {
    Function(value, depth);
  } else if (PyType_Check(value)) {
    TypeName(reinterpret_cast<PyTypeObject*>(value));
  } else if (PyTuple_Check(value)) {
    TypeName(Py_TYPE(value));
    Items(value, depth);
  } else if (!Plain(value, depth)) {
    Instance(value, depth);
  }
}

bool Description::Binding(PyObject* name, PyObject* value, bool is_state) {
  if (IsTable(name, value)) {
    Tag(':');
    Text(name);
    return Table(value, kDepth);
  }
  if (!IsLasting(name, value) && (is_state || !IsFlag(name, value))) return false;
  Tag('=');
  Text(name);
  Value(value);
  return true;
}

void Description::Class(PyTypeObject* type) {
  const py::object names = NamespaceOf(type);
  if (!names) return;
  Tag('[');
  watches_.Bases(type);
  for (Py_ssize_t i = 0; type->tp_bases != nullptr && i < PyTuple_GET_SIZE(type->tp_bases); ++i) {
    TypeName(reinterpret_cast<PyTypeObject*>(PyTuple_GET_ITEM(type->tp_bases, i)));
  }
  for (const Name& name : NamesIn(names.ptr())) Binding(name.key, name.value);
  watches_.Dict(names.ptr());
  Tag(']');
}

}  // namespace jitserve
