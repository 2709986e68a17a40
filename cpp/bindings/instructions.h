// Instructions without the numbering of their constants.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/digest.h"

namespace jitserve {

struct Instructions {
  // The bytecode with zeros for the arguments of all instructions that refer to a constant.
  std::string code;
  // The index into co_consts for each of those instructions, in order.
  std::vector<std::uint32_t> const_indices;
};

// REQUIRES: `bytecode` is a co_code: de-instrumented and without specialisation (PyCode_GetCode gives that).
Instructions SplitConstants(ByteView bytecode);

}  // namespace jitserve
