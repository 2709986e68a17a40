#include "errors.h"

namespace py = pybind11;

namespace jitserve {
namespace {

// Set once by BindErrors() and alive as long as the process, as exception types of extensions are.
PyObject* corruption = nullptr;
PyObject* corrupt_blob = nullptr;
PyObject* corrupt_record = nullptr;

PyObject* NewException(py::module_& module, const char* name, const char* doc, PyObject* base) {
  const std::string full_name = "jitserve._core." + std::string(name);
  PyObject* type = PyErr_NewExceptionWithDoc(full_name.c_str(), doc, base, nullptr);
  if (type == nullptr) throw py::error_already_set();
  module.attr(name) = py::handle(type);
  return type;
}

py::object DecodePath(const std::string& path) {
  return py::reinterpret_steal<py::object>(
      PyUnicode_DecodeFSDefaultAndSize(path.data(), static_cast<Py_ssize_t>(path.size())));
}

void SetOSError(const Status& status) {
  // OSError(errno, text, filename) is what picks the subclass.
  const py::object filename = status.path().empty() ? py::none() : DecodePath(status.path());
  if (!filename) return;
  const py::tuple args = py::make_tuple(status.errno_value(), status.message(), filename);
  py::object error = py::reinterpret_steal<py::object>(PyObject_CallObject(PyExc_OSError, args.ptr()));
  if (error) PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())), error.ptr());
}

void SetCorruption(const Status& status, Corrupt kind) {
  const py::object path = DecodePath(status.path());
  if (!path) return;
  PyErr_Format(kind == Corrupt::kBlob ? corrupt_blob : corrupt_record, "%U: %s", path.ptr(), status.message().c_str());
}

}  // namespace

void BindErrors(py::module_& module) {
  corruption = NewException(module, "Corruption", "The bytes are there, and they are wrong.", PyExc_Exception);
  corrupt_blob = NewException(module, "CorruptBlob", "A blob is not what its name says.", corruption);
  corrupt_record = NewException(module, "CorruptRecord", "A file is not an intact record.", corruption);
}

void Throw(const Status& status, Corrupt kind) {
  switch (status.kind()) {
    case StatusKind::kNotFound:
    case StatusKind::kIOError:
      SetOSError(status);
      break;
    case StatusKind::kCorruption:
      SetCorruption(status, kind);
      break;
    case StatusKind::kInvalidArgument:
      PyErr_SetString(PyExc_ValueError, status.message().c_str());
      break;
    case StatusKind::kOk:
      PyErr_SetString(PyExc_SystemError, "jitserve._core: an ok status was thrown; this is a bug in jitserve");
  }
  throw py::error_already_set();
}

}  // namespace jitserve
