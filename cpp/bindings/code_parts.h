// What a code object is made of, for those who read it.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace jitserve {

struct OpcodeTable;

struct Instruction {
  std::uint8_t opcode = 0;
  std::uint32_t argument = 0;  // with what EXTENDED_ARG adds
};

// Takes over a new reference. Throws the error that is set where there is none.
inline pybind11::object Owned(PyObject* object) {
  if (object == nullptr) throw pybind11::error_already_set();
  return pybind11::reinterpret_steal<pybind11::object>(object);
}

// Without caches and fillers; as compiled, without what the interpreter specialises or instruments.
std::vector<Instruction> InstructionsOf(PyCodeObject* code, const OpcodeTable& opcodes);

// Which attribute of what was loaded just before the instruction at `at` is assigned to: its index among the names of
// the code. `m.x += 1` makes a copy of `m` first, to read `x` of.
std::optional<std::uint32_t> WrittenAttribute(const std::vector<Instruction>& instructions, std::size_t at,
                                              const OpcodeTable& opcodes);

// Names of parameters and locals, then of cells, then of free variables: what instructions number.
std::vector<pybind11::object> VariablesOf(PyCodeObject* code);

}  // namespace jitserve
