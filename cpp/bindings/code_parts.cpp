#include "code_parts.h"

#include "opcodes.h"

namespace py = pybind11;

namespace jitserve {

std::vector<Instruction> InstructionsOf(PyCodeObject* code, const OpcodeTable& opcodes) {
  const py::object raw = Owned(PyCode_GetCode(code));
  const auto* bytes = reinterpret_cast<const unsigned char*>(PyBytes_AS_STRING(raw.ptr()));
  const Py_ssize_t size = PyBytes_GET_SIZE(raw.ptr());
  std::vector<Instruction> found;
  found.reserve(static_cast<std::size_t>(size) / 2);
  std::uint32_t extended = 0;
  for (Py_ssize_t at = 0; at + 1 < size; at += 2) {
    const Role role = opcodes.role[bytes[at]];
    if (role == Role::kSkip) continue;
    const std::uint32_t argument = extended | bytes[at + 1];
    if (role == Role::kExtendedArg) {
      extended = argument << 8;
      continue;
    }
    extended = 0;
    found.push_back({bytes[at], argument});
  }
  return found;
}

std::optional<std::uint32_t> WrittenAttribute(const std::vector<Instruction>& instructions, std::size_t at,
                                              const OpcodeTable& opcodes) {
  if (at >= instructions.size()) return std::nullopt;
  const auto [opcode, argument] = instructions[at];
  if (opcodes.role[opcode] == Role::kWriteAttr) return argument;
  if (opcode != opcodes.copy || argument != 1 || at + 1 >= instructions.size()) return std::nullopt;
  const Instruction read = instructions[at + 1];
  if (opcodes.role[read.opcode] != Role::kLoadAttr) return std::nullopt;
  return read.argument >> opcodes.attribute_shift;
}

std::vector<py::object> VariablesOf(PyCodeObject* code) {
  const auto locals = Owned(PyCode_GetVarnames(code)).cast<py::tuple>();
  const auto cells = Owned(PyCode_GetCellvars(code)).cast<py::tuple>();
  const auto free = Owned(PyCode_GetFreevars(code)).cast<py::tuple>();
  std::vector<py::object> found;
  const auto add = [&found](py::handle name) { found.push_back(py::reinterpret_borrow<py::object>(name)); };
  for (py::handle name : locals) add(name);
  for (py::handle name : cells) {
    if (!locals.contains(name)) add(name);  // a parameter that is a cell, too, keeps its number
  }
  for (py::handle name : free) add(name);
  return found;
}

}  // namespace jitserve
