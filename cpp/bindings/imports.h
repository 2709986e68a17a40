// What code imports when it runs, and what it does with the variables that the modules are stored in.
#pragma once

#include <pybind11/pybind11.h>

#include <vector>

#include "code_parts.h"

namespace jitserve {

// How code, and the code nested in it, uses a variable that holds something before it runs.
struct VariableUses {
  pybind11::tuple chains;    // of attributes, in order; the empty one where it is used in other ways
  bool are_written = false;  // an attribute is assigned to
};
VariableUses UsesOfVariable(PyCodeObject* code, pybind11::handle name);

// Adds what the instructions of one code object import to `found`, as tuples (see `Import` in
// src/jitserve/fingerprint/_names.py). Throws ValueError if an instruction refers to what is not there.
void AddImports(PyCodeObject* code, const std::vector<Instruction>& instructions, const OpcodeTable& opcodes,
                const pybind11::set& found);

}  // namespace jitserve
