#include "cell_changes.h"

#include <cstring>
#include <string_view>

#include "objects.h"
#include "opcodes.h"

namespace py = pybind11;

namespace jitserve {
namespace {

std::uint64_t changes = 0;
setter original = nullptr;

int Set(PyObject* cell, PyObject* value, void* closure) {
  ++changes;
  return original(cell, value, closure);
}

bool BeginToListen() {
#if !defined(PYPY_VERSION) && !defined(Py_GIL_DISABLED)
  for (PyGetSetDef* entry = PyCell_Type.tp_getset; entry != nullptr && entry->name != nullptr; ++entry) {
    if (std::strcmp(entry->name, "cell_contents") != 0 || entry->set == nullptr) continue;
    original = entry->set;
    entry->set = &Set;
    return true;
  }
#endif
  return false;
}

bool AssignsToShared(PyCodeObject* code) {
  const py::object bytes = py::reinterpret_steal<py::object>(PyCode_GetCode(code));
  if (!bytes) throw py::error_already_set();
  const std::string_view instructions(PyBytes_AS_STRING(bytes.ptr()),
                                      static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.ptr())));
  // What lies between instructions is taken for some, which errs on the safe side.
  for (std::size_t at = 0; at < instructions.size(); at += 2) {
    if (Opcodes().is_write_of_shared[static_cast<std::uint8_t>(instructions[at])]) return true;
  }
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(code->co_consts); ++i) {
    PyObject* const constant = PyTuple_GET_ITEM(code->co_consts, i);
    if (PyCode_Check(constant) && AssignsToShared(reinterpret_cast<PyCodeObject*>(constant))) return true;
  }
  return false;
}

}  // namespace

bool CellChanges::Listen() {
  static const bool listens = BeginToListen();
  return listens;
}

std::uint64_t CellChanges::Count() { return changes; }

bool CellChanges::IsSettled(PyFunctionObject* function, PyObject* cell) {
  return Listen() && Py_REFCNT(cell) == 1 && !AssignsToShared(reinterpret_cast<PyCodeObject*>(function->func_code));
}

}  // namespace jitserve
