// Where code comes from: src/jitserve/fingerprint/_origin.py, for what is asked most often and is plain.
#pragma once

#include <pybind11/pybind11.h>

#include "identity_memo.h"

namespace jitserve {

// Whether a file name is that of code that was generated, which belongs to the module that it was made in.
inline bool IsGenerated(PyObject* filename) {
  return PyUnicode_GET_LENGTH(filename) > 0 && PyUnicode_READ_CHAR(filename, 0) == '<';
}

enum class Origin { kOpaque, kLibrary, kUser };

// Asks `_origin` itself where a thing is not plain. Nothing is remembered that can change: a file's origin cannot.
class Origins {
 public:
  // `module`: jitserve.fingerprint._origin
  explicit Origins(const pybind11::module_& module);

  Origin OfFile(PyObject* filename);
  Origin OfFunction(PyObject* function);
  Origin OfModule(PyObject* name);
  Origin OfClass(PyTypeObject* cls);
  // Whether `module.qualname` is this very object, in this process, now.
  bool IsAtHome(PyObject* object, PyObject* module, PyObject* qualname);

  // What stands for it in Python: a member of `_origin.Origin`.
  const pybind11::object& Member(Origin origin) const;

 private:
  Origin From(pybind11::handle member) const;
  Origin OfGenerated(PyObject* function, PyObject* filename);
  bool ComeFrom(PyTypeObject* cls, PyObject* module, Origin origin);

  pybind11::object opaque_, library_, user_, of_file_, of_module_, look_up_, builtin_modules_;
  IdentityMemo<Origin> files_;  // by the identity of the name
};

}  // namespace jitserve
