#include "code_parts.h"
#include "encoders.h"
#include "objects.h"
#include "raw.h"
#include "scalars.h"

namespace py = pybind11;

namespace jitserve {
namespace {

// A new text for every look at an attribute would fill the interpreter's cache of attributes.
struct Texts {
  PyObject* fdel = Interned("fdel");
  PyObject* fget = Interned("fget");
  PyObject* fset = Interned("fset");
  PyObject* function = Interned("__func__");
  PyObject* name = Interned("name");
  PyObject* own_name = Interned("__name__");
  PyObject* self = Interned("__self__");
};

const Texts& Names() {
  static const Texts* const kTexts = new Texts;
  return *kTexts;
}

Child Part(const py::object& value, const Child& parent, const py::object& path) {
  return {.value = value, .path = path, .key = {}, .trusted = parent.trusted};
}

Child Item(PyObject* value, const Child& parent, const py::object& path, Py_ssize_t index) {
  return {.value = Borrowed(value),
          .path = path,
          .step = StepsOfPaths().item,
          .key = {},
          .index = index,
          .trusted = parent.trusted};
}

void PushAs(Walker& walker, const char* tag, std::vector<Child>&& children) {
  walker.tokens().Begin(tag, children.size());
  walker.Push(std::move(children));
}

// What the type's own traversal comes to first: all that a view of a mapping holds.
py::object FirstReferent(PyObject* object) {
  PyObject* found = nullptr;
  const auto visit = [](PyObject* referent, void* result) {
    *static_cast<PyObject**>(result) = referent;
    return 1;
  };
  Py_TYPE(object)->tp_traverse(object, visit, &found);
  if (found == nullptr) throw py::type_error("an object that refers to nothing");
  return Borrowed(found);
}

Child Attribute(const py::object& value, const Child& parent, const py::object& path, PyObject* name) {
  return {
      .value = value, .path = path, .step = StepsOfPaths().attribute, .key = Borrowed(name), .trusted = parent.trusted};
}

}  // namespace

void EncodeList(Walker& walker, const Child& child) {
  if (!walker.Number(child)) return;
  const py::object path = walker.paths[walker.paths.size() - 1];
  std::vector<Child> children;
  PyObject* const list = child.value.ptr();
  children.reserve(static_cast<std::size_t>(PyList_GET_SIZE(list)));
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); ++i) {
    children.push_back(Item(PyList_GET_ITEM(list, i), child, path, i));
  }
  PushAs(walker, "list", std::move(children));
}

void EncodeTuple(Walker& walker, const Child& child) {
  const py::object path = child.Path();
  PyObject* const tuple = child.value.ptr();
  std::vector<Child> children;
  children.reserve(static_cast<std::size_t>(PyTuple_GET_SIZE(tuple)));
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); ++i) {
    children.push_back(Item(PyTuple_GET_ITEM(tuple, i), child, path, i));
  }
  PushAs(walker, "tuple", std::move(children));
}

void EncodeDict(Walker& walker, const Child& child) {
  if (child.value.ptr() == PySys_GetObject("modules")) {
    walker.hooks().encode_modules(walker.self(), child.value, child.Path(), child.trusted);
    return;
  }
  if (!walker.Number(child)) return;
  const py::object path = walker.paths[walker.paths.size() - 1];
  const Steps& steps = StepsOfPaths();
  std::vector<Child> children;
  children.reserve(2 * static_cast<std::size_t>(PyDict_GET_SIZE(child.value.ptr())));
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  for (Py_ssize_t i = 0; PyDict_Next(child.value.ptr(), &position, &key, &value) != 0; ++i) {
    children.push_back(
        {.value = Borrowed(key), .path = path, .step = steps.key, .key = {}, .index = i, .trusted = child.trusted});
    children.push_back(
        {.value = Borrowed(value), .path = path, .step = steps.item, .key = Borrowed(key), .trusted = child.trusted});
  }
  PushAs(walker, "dict", std::move(children));
}

void EncodeMappingProxy(Walker& walker, const Child& child) {
  PushAs(walker, "mappingproxy", {Part(FirstReferent(child.value.ptr()), child, child.Path())});
}

void EncodeCell(Walker& walker, const Child& child) {
  if (!walker.Number(child)) return;
  if (walker.HasCellNumber(child.value.ptr())) {
    walker.tokens().Begin("numbered cell", 1);
    walker.tokens().Int(walker.CellNumber(child.value.ptr()));
  }
  const py::object content = py::reinterpret_steal<py::object>(PyCell_Get(child.value.ptr()));
  if (!content) return walker.tokens().Begin("empty cell", 0);
  const py::object path = walker.paths[walker.paths.size() - 1];
  PushAs(walker, "cell", {Part(content, child, path)});
}

// Numbered, so that the result's tree can refer to it: a flax TrainState carries one as auxiliary data.
void EncodeMethod(Walker& walker, const Child& child) {
  if (!walker.Number(child)) return;
  const py::object path = walker.paths[walker.paths.size() - 1];
  const py::object owner = Borrowed(PyMethod_GET_SELF(child.value.ptr()));
  const py::object function = Borrowed(PyMethod_GET_FUNCTION(child.value.ptr()));
  PushAs(walker, "bound method",
         {Attribute(owner, child, path, Names().self), Attribute(function, child, path, Names().function)});
}

void EncodeWrapper(Walker& walker, const Child& child) {
  if (!walker.Number(child)) return;
  const py::object function = child.value.attr(Names().function);
  const bool is_static = Py_IS_TYPE(child.value.ptr(), &PyStaticMethod_Type);
  const py::object path = walker.paths[walker.paths.size() - 1];
  std::vector<Child> children = {Part(function, child, path)};
  const py::object dict = DictOf(child.value.ptr());
  if (dict) walker.ShareInPart(dict.ptr(), child.value.ptr());
  for (auto [name, value] : dict ? py::reinterpret_borrow<py::dict>(dict) : py::dict()) {
    if (IsDunder(name.ptr())) continue;  // taken from the function
    children.push_back(Part(Borrowed(name.ptr()), child, path));
    children.push_back(Attribute(Borrowed(value.ptr()), child, path, name.ptr()));
  }
  PushAs(walker, is_static ? "staticmethod" : "classmethod", std::move(children));
}

void EncodeProperty(Walker& walker, const Child& child) {
  if (!walker.Number(child)) return;
  const py::object path = walker.paths[walker.paths.size() - 1];
  std::vector<Child> children;
  for (PyObject* const name : {Names().fget, Names().fset, Names().fdel}) {
    children.push_back(Part(child.value.attr(name), child, path));
  }
#if PY_VERSION_HEX >= 0x030D0000
  const py::object& getter = children.front().value;  // which is asked for its name if the property has none
  if (getter.is_none() || Py_IS_TYPE(getter.ptr(), &PyFunction_Type)) {
    children.push_back(Part(py::getattr(child.value, Names().own_name, py::none()), child, path));
  }
#endif
  PushAs(walker, "property", std::move(children));
}

void EncodeMarker(Walker& walker, const Child& child) {
  walker.tokens().Begin("marker", 1);
  EmitStr(walker.tokens(), child.value.attr(Names().name));
}

}  // namespace jitserve
