// Which names code reads, and how: one pass over the bytecode of a code object and of the code nested in it.
//
// `np.linalg.norm(x)` compiles to a load of the global `np` followed by attribute loads: a *chain*. A call
// `getattr(m, "x")` or `hasattr(m, "x")` with a constant name extends the chain in the same way.
#pragma once

#include <pybind11/pybind11.h>

namespace jitserve {

// src/jitserve/fingerprint/_names.py says what each of these is.
struct Names {
  pybind11::list codes;
  pybind11::dict chains;  // global name -> set of tuples
  pybind11::set writes;
  pybind11::set globals_written;
  pybind11::set imports;
  pybind11::set attributes;
  pybind11::set loads;
  bool reads_by_name = false;
  bool builds_set = false;
};

// Throws TypeError if the object is no code object, ValueError if an instruction refers to what is not there.
Names NamesOf(pybind11::handle code);

// (name, its chains) in an order that does not depend on hashing.
pybind11::list InOrder(const pybind11::dict& chains);

}  // namespace jitserve
