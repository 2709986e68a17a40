#include <array>

#include "code_parts.h"
#include "encoders.h"
#include "raw.h"

namespace py = pybind11;

namespace jitserve {
namespace {

struct Texts {
  PyObject* kind = Interned("_field_type");
  PyObject* name = Interned("name");
  PyObject* type = Interned("type");
  PyObject* value = Interned("default");
  std::array<PyObject*, 9> parts = {name,
                                    value,
                                    Interned("default_factory"),
                                    Interned("init"),
                                    Interned("repr"),
                                    Interned("hash"),
                                    Interned("compare"),
                                    Interned("metadata"),
                                    Interned("kw_only")};
};

const Texts& Names() {
  static const Texts* const kTexts = new Texts;
  return *kTexts;
}

py::object Part(const py::object& object, PyObject* name) { return Owned(PyObject_GetAttr(object.ptr(), name)); }

// A field gives its type to whoever asks, and what a class of the user's does shows. Other types are walked only where
// somebody may ask for them (`_field_types.py`).
bool IsUsersClass(Walker& walker, const Child& field, const py::object& type) {
  if (field.trusted) return false;
  if (PyType_Check(type.ptr())) {
    return walker.hooks().origins.OfClass(reinterpret_cast<PyTypeObject*>(type.ptr())) == Origin::kUser;
  }
  if (!PyUnicode_CheckExact(type.ptr())) {
    walker.field_types.append(py::make_tuple(type, walker.paths[walker.paths.size() - 1]));
  }
  return false;
}

}  // namespace

void EncodeField(Walker& walker, const Child& child) {
  if (!walker.Number(child)) return;
  const Child parent{.value = {},
                     .path = walker.paths[walker.paths.size() - 1],
                     .step = StepsOfPaths().attribute,
                     .key = Part(child.value, Names().name),
                     .trusted = child.trusted};
  const py::object type = Part(child.value, Names().type);
  const bool is_users = IsUsersClass(walker, child, type);
  walker.tokens().Begin("field", (is_users ? 3 : 2) + Names().parts.size());
  EmitAnnotation(walker, type);
  std::vector<Child> children;
  children.reserve(1 + Names().parts.size());
  const auto append = [&](py::object value) {
    children.push_back(parent);
    children.back().value = std::move(value);
  };
  const py::object kind = Part(child.value, Names().kind);
  append(kind.is_none() ? kind : Part(kind, Names().name));
  const bool hides_default = walker.HidesDefault(child.value.ptr());
  for (PyObject* const name : Names().parts) {
    const py::object part = Part(child.value, name);
    // That there is a default shows in whatever class is derived from this one.
    const bool is_hidden = hides_default && name == Names().value && !part.is(walker.hooks().no_default);
    append(is_hidden ? walker.hooks().unset : part);
  }
  if (is_users) append(type);
  walker.Push(std::move(children));
}

}  // namespace jitserve
