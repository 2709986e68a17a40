#include "instructions.h"

#include "opcodes.h"

namespace jitserve {

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
