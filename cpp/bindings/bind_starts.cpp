#include <memory>
#include <utility>

#include "bind.h"
#include "code_parts.h"
#include "raw.h"

namespace py = pybind11;

namespace jitserve {
namespace {

// What a recording is told of code that starts, by `sys.monitoring` (`_monitoring.py`).
struct Starts {
  unsigned long thread;
  py::dict done, watched;  // code objects by their ids
  py::list parts;          // dictionaries like these, of what ran in the parts that are under way
  py::object property;     // the code by which a `cached_property` looks for its value
  py::dict properties;     // those that are known, by their ids
  py::object disable, ask;
};

constexpr const char* kName = "jitserve.Starts";

// Whether it is a property that starts which has been reported: JAX reads thousands of them.
bool IsKnownProperty(const Starts& starts, PyObject* code) {
#if PY_VERSION_HEX >= 0x030C0000
  PyFrameObject* const frame = PyEval_GetFrame();
  if (code != starts.property.ptr() || frame == nullptr) return false;
  const py::object property = py::reinterpret_steal<py::object>(PyFrame_GetVarString(frame, "self"));
  if (!property) {
    PyErr_Clear();
    return false;
  }
  return Lookup(starts.properties.ptr(), Owned(PyLong_FromVoidPtr(property.ptr())).ptr()) != nullptr;
#else
  return false;  // without sys.monitoring nobody asks
#endif
}

PyObject* Answer(const Starts& starts, PyObject* code, PyObject* offset) {
  if (PyThread_get_thread_ident() != starts.thread) Py_RETURN_NONE;
  const py::object id = Owned(PyLong_FromVoidPtr(code));
  if (Lookup(starts.done.ptr(), id.ptr()) == nullptr) {
    if (IsKnownProperty(starts, code)) Py_RETURN_NONE;
    return starts.ask(py::handle(code), py::handle(offset)).release().ptr();
  }
  if (Lookup(starts.watched.ptr(), id.ptr()) == nullptr) return py::object(starts.disable).release().ptr();
  const Py_ssize_t parts = PyList_GET_SIZE(starts.parts.ptr());
  if (parts > 0 && PyDict_SetItem(PyList_GET_ITEM(starts.parts.ptr(), parts - 1), id.ptr(), code) != 0) return nullptr;
  Py_RETURN_NONE;
}

// A plain function of C: code of libraries starts some 50,000 times in a trace, and a method of pybind11's costs more
// than all that it would do.
PyObject* Started(PyObject* capsule, PyObject* const* arguments, Py_ssize_t count) {
  auto* const starts = static_cast<Starts*>(PyCapsule_GetPointer(capsule, kName));
  if (starts == nullptr) return nullptr;
  if (count != 2) {
    PyErr_SetString(PyExc_TypeError, "expected a code object and an offset");
    return nullptr;
  }
  try {
    return Answer(*starts, arguments[0], arguments[1]);
  } catch (py::error_already_set& error) {
    error.restore();
    return nullptr;
  }
}

PyMethodDef method = {"started", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(&Started)), METH_FASTCALL,
                      "What `sys.monitoring` is answered where code starts."};

void Forget(PyObject* capsule) { delete static_cast<Starts*>(PyCapsule_GetPointer(capsule, kName)); }

}  // namespace

void BindStarts(py::module_& module) {
  module.def(
      "answer_to_starts",
      [](py::dict done, py::dict watched, py::list parts, py::object property, py::dict properties, py::object disable,
         py::object ask) {
        auto starts = std::make_unique<Starts>(Starts{.thread = PyThread_get_thread_ident(),
                                                      .done = std::move(done),
                                                      .watched = std::move(watched),
                                                      .parts = std::move(parts),
                                                      .property = std::move(property),
                                                      .properties = std::move(properties),
                                                      .disable = std::move(disable),
                                                      .ask = std::move(ask)});
        const py::object capsule = Owned(PyCapsule_New(starts.get(), kName, &Forget));
        starts.release();
        return Owned(PyCFunction_New(&method, capsule.ptr()));
      },
      py::arg("done"), py::arg("watched"), py::arg("parts"), py::arg("property"), py::arg("properties"),
      py::arg("disable"), py::arg("ask"), py::pos_only(), "A callback for code that starts in this thread.");
}

}  // namespace jitserve
