// The digest of a code object: what the code does, and not where or how it was written down.
//
// In the digest: instructions, the constants they use (typed, nested code included), names, all variable names with the
// argument counts and kinds, free and cell variables, flags, exception table, name and qualified name (JAX puts the
// name into the module, so two functions that differ in it compile to different programs).
//
// Not in the digest: file name, line numbers, positions, stack size, the order of co_consts, and every constant that no
// instruction refers to. The one of those that matters is a function's docstring, if somebody reads __doc__: kKeep.
#pragma once

#include <pybind11/pybind11.h>

#include "core/digest.h"

namespace jitserve {

enum class Docstrings { kDrop, kKeep };

// Memoised by identity: code objects cannot change, and the memo keeps them alive, so that an id cannot be used again.
// Throws TypeError if the object is no code object or holds a constant that no compiler makes; the message says where.
Digest CodeDigest(pybind11::handle code, Docstrings docstrings);

// What `inspect.signature` can tell of a function from its code: names, kinds and number of its parameters. Memoised.
// REQUIRES: a code object
Digest ParametersDigest(PyObject* code);

// A name of a variable as it is in every process: the wrappers that beartype generates have parameters that are named
// after the addresses of the hints that they hold.
pybind11::object LastingName(const PyCodeObject& code, PyObject* name);

}  // namespace jitserve
