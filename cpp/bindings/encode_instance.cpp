#include <utility>

#include "code_parts.h"
#include "encoders.h"
#include "raw.h"

namespace py = pybind11;

namespace jitserve {
namespace {

struct Texts {
  PyObject* annotations = Interned("__annotations__");
  PyObject* cls = Interned("__class__");
};

const Texts& Names() {
  static const Texts* const kTexts = new Texts;
  return *kTexts;
}

using Fields = std::vector<std::pair<py::object, py::object>>;

// What `descriptor` reads of the object, as Python does for `descriptor.__get__(object)`; null for an empty slot.
py::object Read(const py::object& descriptor, const py::object& object) {
  PyObject* const value =
      Py_TYPE(descriptor.ptr())
          ->tp_descr_get(descriptor.ptr(), object.ptr(), reinterpret_cast<PyObject*>(Py_TYPE(object.ptr())));
  if (value == nullptr && PyErr_ExceptionMatches(PyExc_AttributeError) == 0) throw py::error_already_set();
  PyErr_Clear();
  return py::reinterpret_steal<py::object>(value);
}

// The attributes of an instance; null: they are for Python to read.
py::object AttributesOf(const PlainShape& shape, const py::object& object) {
  if (shape.attributes.is_none()) return py::none();
  py::object found = Read(shape.attributes, object);
  if (!found || !PyDict_CheckExact(found.ptr())) return py::object();
  PyObject* name = nullptr;
  PyObject* value = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(found.ptr(), &position, &name, &value) != 0) {
    if (!PyUnicode_CheckExact(name)) return py::object();
  }
  return found;
}

bool IsLeftOut(const Hooks& hooks, const PlainShape& shape, PyObject* name) {
  if (!shape.is_opaque) return false;
  const int found = PySet_Contains(hooks.descriptive.ptr(), name);
  if (found < 0) throw py::error_already_set();
  return found != 0;
}

// What is in the ``__dict__``, in the order in which it was put there.
Fields Held(Walker& walker, const PlainShape& shape, const py::object& attributes, const py::object& owner) {
  Fields fields;
  if (attributes.is_none()) return fields;
  if (!walker.Share(attributes.ptr(), owner.ptr())) return fields;
  const py::object items = Owned(PyDict_Items(attributes.ptr()));  // to emit annotations may run Python code
  for (py::handle item : py::reinterpret_borrow<py::list>(items)) {
    PyObject* const name = PyTuple_GET_ITEM(item.ptr(), 0);
    PyObject* const value = PyTuple_GET_ITEM(item.ptr(), 1);
    if (PyUnicode_Compare(name, Names().annotations) == 0) {
      EmitAnnotations(walker, Borrowed(value));
      walker.LeaveOutOf(attributes.ptr());
    } else if (IsLeftOut(walker.hooks(), shape, name)) {
      py::object told = walker.hooks().ToldSignature(walker.self(), name, value);
      if (!told.is_none()) fields.emplace_back(Borrowed(name), std::move(told));
      walker.LeaveOutOf(attributes.ptr());
    } else {
      fields.emplace_back(Borrowed(name), Borrowed(value));
    }
  }
  return fields;
}

bool HandsOn(Walker& walker, const Fields& fields) {
  for (const auto& [name, value] : fields) {
    const bool is_function = Py_IS_TYPE(value.ptr(), &PyFunction_Type);
    if (is_function && walker.hooks().origins.OfFunction(value.ptr()) == Origin::kUser) return true;
  }
  return false;
}

}  // namespace

void EncodeInstance(Walker& walker, const Child& child) {
  const auto ask_python = [&] {
    walker.hooks().encode_instance(walker.self(), child.value, child.Path(), child.trusted);
  };
  if (!child.trusted) return ask_python();
  if (walker.Knows(child.value.ptr())) {
    walker.Number(child);
    return;
  }
  const PlainShape& shape = walker.PlainShapeOf(Py_TYPE(child.value.ptr()));
  const py::object attributes = shape.is_plain ? AttributesOf(shape, child.value) : py::object();
  if (!attributes) return ask_python();
  walker.Number(child);
  Fields fields = Held(walker, shape, attributes, child.value);
  for (const auto& [name, descriptor] : shape.slots) {
    py::object value = Read(descriptor, child.value);
    fields.emplace_back(name, value ? std::move(value) : walker.hooks().unset);
  }
  const py::object path = child.Path();
  const bool trusted = !HandsOn(walker, fields);  // what a library hands on to the user's code
  walker.tokens().Begin("instance", 1 + 2 * fields.size());
  walker.tokens().Int(0);
  std::vector<Child> children;
  children.reserve(1 + 2 * fields.size());
  const auto attribute = [&](py::object value, py::object name) {
    children.push_back({.value = std::move(value),
                        .path = path,
                        .step = StepsOfPaths().attribute,
                        .key = std::move(name),
                        .trusted = trusted});
  };
  attribute(shape.cls, Borrowed(Names().cls));
  for (auto& [name, value] : fields) {
    children.push_back({.value = name, .path = path, .key = {}, .trusted = trusted});
    attribute(std::move(value), std::move(name));
  }
  walker.Push(std::move(children));
}

}  // namespace jitserve
