#include "states.h"

#include "code_parts.h"
#include "objects.h"
#include "opcodes.h"
#include "strangers.h"

namespace py = pybind11;

namespace jitserve {
namespace {

using Names = std::unordered_set<PyObject*>;  // interned, so that one address is one name

void CollectFrom(PyCodeObject* code, const Names& flags, Names& states) {
  bool names_any = false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(code->co_names); ++i) {
    names_any |= flags.count(PyTuple_GET_ITEM(code->co_names, i)) != 0;
  }
  if (names_any) {
    for (const Instruction& instruction : InstructionsOf(code, Opcodes())) {
      if (Opcodes().role[instruction.opcode] != Role::kWriteGlobal) continue;
      states.insert(PyTuple_GET_ITEM(code->co_names, instruction.argument));
    }
  }
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(code->co_consts); ++i) {
    PyObject* const constant = PyTuple_GET_ITEM(code->co_consts, i);
    if (PyCode_Check(constant)) CollectFrom(reinterpret_cast<PyCodeObject*>(constant), flags, states);
  }
}

void CollectFromValue(PyObject* value, PyObject* module_names, const Names& flags, Names& states) {
  const py::object function = FunctionIn(value);
  if (!function || PyFunction_GET_GLOBALS(function.ptr()) != module_names) return;
  CollectFrom(reinterpret_cast<PyCodeObject*>(PyFunction_GET_CODE(function.ptr())), flags, states);
}

}  // namespace

Names StatesIn(PyObject* module_names) {
  Names flags;
  Names states;
  for (const Name& name : NamesIn(module_names)) {
    if (IsFlag(name.key, name.value)) flags.insert(name.key);
  }
  if (flags.empty()) return states;
  for (const Name& name : NamesIn(module_names)) {
    CollectFromValue(name.value, module_names, flags, states);
    if (!PyType_Check(name.value)) continue;
    const py::object methods = NamespaceOf(reinterpret_cast<PyTypeObject*>(name.value));
    if (!methods) continue;
    for (const Name& method : NamesIn(methods.ptr())) CollectFromValue(method.value, module_names, flags, states);
  }
  return states;
}

}  // namespace jitserve
