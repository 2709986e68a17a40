// What this interpreter's opcodes mean, from its own `opcode` module: the numbers change with every version.
#pragma once

#include <array>
#include <cstdint>

namespace jitserve {

// What an instruction means for the names that code reads (names.h).
enum class Role : std::uint8_t {
  kOther,
  kSkip,  // says nothing about the instructions around it: caches and fillers
  kExtendedArg,
  kLoadGlobal,  // the argument's lowest bit is a flag
  kLoadName,
  kLoadAttr,
  kLoadSuperAttr,  // the two lowest bits are flags
  kLoadConst,
  kWriteAttr,
  kWriteGlobal,
  kBuildSet,
  kSetAdd,
  kBinaryOp,
  kPairOfLocals,  // two variables in one argument, the second of which is loaded
  kLoadLocal,
  kImportName,
  kImportFrom,
};

struct OpcodeTable {
  std::array<Role, 256> role{};
  std::array<bool, 256> refers_to_constant{};
  std::array<bool, 256> is_simple_load{};   // pushes one value, and runs nothing of the user's
  std::array<bool, 256> is_set_operator{};  // by the argument of BINARY_OP: & | - ^, and the same in place
  std::array<bool, 256> is_store_of_variable{};
  std::array<bool, 256> is_write_of_shared{};
  std::uint8_t extended_arg = 0;
  std::uint8_t call = 0;
  std::uint8_t contains_op = 0;
  std::uint8_t copy = 0;
  std::uint8_t load_fast = 0;
  std::uint8_t store_load = 0;  // STORE_FAST_LOAD_FAST; 0 where there is none
  int attribute_shift = 0;      // of the argument of LOAD_ATTR
};

// Raises what importing `opcode` raises. REQUIRES: the GIL is held
const OpcodeTable& Opcodes();

}  // namespace jitserve
