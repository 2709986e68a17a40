// Python scalars -> tokens, by exact type: True is no int here, and a subclass is nothing that we know.
#pragma once

#include <pybind11/pybind11.h>

#include "core/tokens.h"

namespace jitserve {

// REQUIRES: the object is of exactly that type
void EmitInt(Tokens& tokens, pybind11::handle value);
void EmitStr(Tokens& tokens, pybind11::handle value);
void EmitBytes(Tokens& tokens, pybind11::handle value);
void EmitFloat(Tokens& tokens, pybind11::handle value);
void EmitComplex(Tokens& tokens, pybind11::handle value);

// Emits one token and returns true if the type is exactly NoneType, bool, int, float, complex, str, bytes or ellipsis;
// otherwise emits nothing and returns false.
bool EmitScalar(Tokens& tokens, pybind11::handle value);

// Whether it is a float that equals nothing but, where containers look at identity first, itself.
bool IsNan(PyObject* object);
// Whether all elements of a set have hashes that are the same in every process, so that its order tells how it was
// made.
bool IsOfNumbers(pybind11::handle set);

}  // namespace jitserve
