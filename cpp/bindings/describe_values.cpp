// What code has taken in: the arguments of a partial application, the object that a method is bound to, and arrays.
#include "description.h"

#include <algorithm>
#include <cfloat>

namespace py = pybind11;

namespace jitserve {
namespace {

constexpr Py_ssize_t kLargestArray = 1 << 16;   // in bytes; a larger one is for the walk
constexpr Py_ssize_t kLargestContainer = 1024;  // in items; likewise

// Of a long double on x86, 10 of 16 bytes are the number; what lies in the others is accidental.
constexpr std::size_t kSizeOfLongDouble = LDBL_MANT_DIG == 64 ? 10 : sizeof(long double);

std::string NumbersIn(std::string_view bytes, bool is_long) {
  if (!is_long) return std::string(bytes);
  std::string numbers;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(long double)) {
    numbers += bytes.substr(at, kSizeOfLongDouble);
  }
  return numbers;
}

// An attribute that a type written in C computes; null where there is none.
py::object AttributeOf(PyObject* value, const char* name) {
  py::object found = py::reinterpret_steal<py::object>(PyObject_GetAttrString(value, name));
  if (!found) PyErr_Clear();
  return found;
}

PyTypeObject* PartialType() {
  static PyObject* const kType = py::object(py::module_::import("functools").attr("partial")).release().ptr();
  return reinterpret_cast<PyTypeObject*>(kType);
}

// A field that the class of partial applications itself has, whatever a class of JAX's made of it.
py::object FieldOf(PyObject* partial, const char* name) {
  const py::object names = NamespaceOf(PartialType());
  PyObject* const field = names ? PyDict_GetItemString(names.ptr(), name) : nullptr;
  if (field == nullptr || !Py_IS_TYPE(field, &PyMemberDescr_Type)) return py::object();
  PyObject* const type = reinterpret_cast<PyObject*>(Py_TYPE(partial));
  py::object found = py::reinterpret_steal<py::object>(Py_TYPE(field)->tp_descr_get(field, partial, type));
  if (!found) PyErr_Clear();
  return found;
}

Py_ssize_t SizeOf(PyObject* container) {
  if (PyDict_Check(container)) return PyDict_GET_SIZE(container);
  return PyList_Check(container) ? PyList_GET_SIZE(container) : PySet_GET_SIZE(container);
}

bool IsTrue(PyObject* value, const char* attribute) {
  const py::object found = AttributeOf(value, attribute);
  return found.ptr() != Py_False && found.ptr() != Py_None;
}

// Until the end of a block, a flag is set.
class Held {
 public:
  explicit Held(bool& flag) : flag_(flag), before_(flag) { flag_ = true; }
  ~Held() { flag_ = before_; }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  bool& flag_;
  bool before_;
};

}  // namespace

bool Description::Partial(PyObject* value, int depth) {
  if (!PyType_IsSubtype(Py_TYPE(value), PartialType())) return false;
  Tag('P');
  TypeName(Py_TYPE(value));
  const Held held(is_held_);
  const py::object function = FieldOf(value, "func");
  const py::object arguments = FieldOf(value, "args");
  const py::object keywords = FieldOf(value, "keywords");
  if (function) Value(function.ptr(), depth);
  if (arguments) Items(arguments.ptr(), depth);
  PyObject* key = nullptr;
  PyObject* item = nullptr;
  Py_ssize_t position = 0;
  while (keywords && PyDict_Next(keywords.ptr(), &position, &key, &item) != 0) {
    Text(key);
    Value(item, depth);
  }
  if (keywords) watches_.Dict(keywords.ptr());
  return true;
}

// What gets at an item or an attribute, or calls a method: made in C, of arguments that nobody else can reach.
bool Description::Getter(PyObject* value, int depth) {
  const std::string_view name = Py_TYPE(value)->tp_name;
  if (name != "operator.itemgetter" && name != "operator.attrgetter" && name != "operator.methodcaller") return false;
  Tag('g');
  TypeName(Py_TYPE(value));
  const py::object parts = py::reinterpret_steal<py::object>(PyObject_CallMethod(value, "__reduce__", nullptr));
  if (!parts) PyErr_Clear();
  const Held held(is_held_);
  if (parts && PyTuple_Check(parts.ptr())) Items(parts.ptr(), depth + 1);
  return true;
}

// What a method is bound to. An object with attributes, or a container, may be anything that changes: only its type
// counts.
void Description::Self(PyObject* self, int depth) {
  if (PyType_Check(self)) return TypeName(reinterpret_cast<PyTypeObject*>(self));
  TypeName(Py_TYPE(self));
  if (PyDict_Check(self) || PyList_Check(self) || PyAnySet_Check(self)) return;
  const Held held(is_held_);
  if (Py_IS_TYPE(self, &PyFunction_Type) || PyTuple_Check(self)) {
    Value(self, depth);
  } else {
    Plain(self, depth);
  }
}

// A number of NumPy's.
bool Description::Number(PyObject* value) {
  const std::string_view name = Py_TYPE(value)->tp_name;
  if (name.substr(0, 6) != "numpy." || name == "numpy.ndarray" || !PyObject_CheckBuffer(value)) return false;
  Py_buffer view;
  if (PyObject_GetBuffer(value, &view, PyBUF_SIMPLE) != 0) {
    PyErr_Clear();
    return false;
  }
  Tag('a');
  Text(name);
  Text(NumbersIn({static_cast<const char*>(view.buf), static_cast<std::size_t>(view.len)},
                 name == "numpy.longdouble" || name == "numpy.clongdouble"));
  PyBuffer_Release(&view);
  return true;
}

bool Description::LeaveUnread(PyObject* value) {
  if (unread_ == nullptr) return true;
  const bool is_known =
      std::any_of(unread_->begin(), unread_->end(), [&](const py::object& one) { return one.ptr() == value; });
  if (!is_known) unread_->push_back(py::reinterpret_borrow<py::object>(value));
  return true;
}

bool Description::Array(PyObject* value) {
  const std::string_view name = Py_TYPE(value)->tp_name;
  const bool is_on_device = name.ends_with(".ArrayImpl");
  if (!is_on_device && name != "numpy.ndarray") return false;
  TypeName(Py_TYPE(value));
  // Reading what is on a device may wait for it, and lets other threads run.
  if (is_on_device || unread_ == nullptr) return LeaveUnread(value);
  const py::object type = AttributeOf(value, "dtype");
  const py::object size = AttributeOf(value, "nbytes");
  const bool is_plain = type && !IsTrue(type.ptr(), "hasobject") && !IsTrue(type.ptr(), "names");
  if (!is_plain || !size || PyLong_AsSsize_t(size.ptr()) > kLargestArray) return LeaveUnread(value);
  Attribute(value, "dtype", 2);
  Attribute(value, "shape", 2);
  const py::object bytes = py::reinterpret_steal<py::object>(PyObject_CallMethod(value, "tobytes", nullptr));
  if (!bytes) PyErr_Clear();
  const py::object letter = AttributeOf(type.ptr(), "char");
  const std::string_view kind = TextOf(letter.ptr());
  if (bytes && PyBytes_Check(bytes.ptr())) {
    const auto length = static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.ptr()));
    Text(NumbersIn({PyBytes_AS_STRING(bytes.ptr()), length}, kind == "g" || kind == "G"));
  }
  return true;
}

// What is no code, and neither a constant nor an object of a class that was written in Python.
bool Description::Data(PyObject* value, int depth) {
  const bool is_slice = Py_IS_TYPE(value, &PySlice_Type);
  if (is_slice || Py_IS_TYPE(value, &PyRange_Type)) {
    TypeName(Py_TYPE(value));
    for (const char* part : {"start", "stop", "step"}) Attribute(value, part, depth);
    return true;
  }
  if (std::string_view(Py_TYPE(value)->tp_name).starts_with("numpy.dtype")) {
    TypeName(Py_TYPE(value));
    Attribute(value, "str", depth);
    return true;
  }
  if (Number(value) || Array(value)) return true;
  const bool is_container = PyDict_CheckExact(value) || PyList_CheckExact(value) || PyAnySet_CheckExact(value);
  if (!is_held_ || !is_container) return false;
  if (SizeOf(value) <= kLargestContainer) return Table(value, depth);
  return LeaveUnread(value);
}

}  // namespace jitserve
