#include "instructions.h"

#include <pybind11/gil_safe_call_once.h>

#include <array>

namespace py = pybind11;

namespace jitserve {
namespace {

// What this interpreter's opcodes mean, from its own `opcode` module: the numbers change with every version.
struct OpcodeTable {
  std::array<bool, 256> refers_to_constant{};
  std::uint8_t extended_arg = 0;
};

OpcodeTable ReadOpcodeTable() {
  const py::module_ opcode = py::module_::import("opcode");
  OpcodeTable table;
  for (py::handle number : opcode.attr("hasconst")) {
    const auto value = number.cast<std::size_t>();
    if (value < table.refers_to_constant.size()) table.refers_to_constant[value] = true;
  }
  table.extended_arg = opcode.attr("EXTENDED_ARG").cast<std::uint8_t>();
  return table;
}

// Not a plain static: the import can let go of the GIL, and a thread that then holds it while waiting for the static's
// guard would wait for ever.
const OpcodeTable& Opcodes() {
  PYBIND11_CONSTINIT static py::gil_safe_call_once_and_store<OpcodeTable> storage;
  return storage.call_once_and_store_result(&ReadOpcodeTable).get_stored();
}

}  // namespace

Instructions SplitConstants(ByteView bytecode) {
  const OpcodeTable& table = Opcodes();
  Instructions result{std::string(bytecode.begin(), bytecode.end()), {}};
  std::uint32_t argument = 0;
  std::size_t start = 0;  // of the instruction, with its EXTENDED_ARG prefixes
  // Two bytes a unit. Inline caches are units too; in a co_code they are zero, and opcode 0 refers to nothing.
  for (std::size_t at = 0; at + 1 < bytecode.size(); at += 2) {
    argument = (argument << 8) | bytecode[at + 1];
    if (bytecode[at] == table.extended_arg) continue;
    if (table.refers_to_constant[bytecode[at]]) {
      result.const_indices.push_back(argument);
      for (std::size_t unit = start; unit <= at; unit += 2) result.code[unit + 1] = 0;
    }
    argument = 0;
    start = at + 2;
  }
  return result;
}

}  // namespace jitserve
