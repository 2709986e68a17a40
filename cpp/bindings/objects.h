// What can be told of objects of any kind without running code of theirs.
#pragma once

#include <pybind11/pybind11.h>

#include <string_view>
#include <vector>

#include "raw.h"

namespace jitserve {

std::string_view TextOf(PyObject* text);  // nothing for what is no string

struct Name {
  std::string_view text;
  PyObject* key;
  PyObject* value;
};

// The strings that a dictionary has as keys, in a fixed order: some modules and classes bind names in that of a set.
std::vector<Name> NamesIn(PyObject* dict);

// The dictionary of an object that is no class; a new reference, or null.
pybind11::object DictOf(PyObject* value);

// Whether a name is one of Python's own (`__doc__`).
bool IsDunder(PyObject* name);

// Whether an object is one of JAX's primitives.
bool IsPrimitive(PyObject* value);

// Whether a value is made of code: what it does may matter, and does not change from use to use.
bool IsMadeOfCode(PyObject* value);

// Whether a name in a module or in a class keeps what it is bound to, as far as can be seen: no state, no counter.
bool IsLasting(PyObject* name, PyObject* value);

// Whether a name holds what is true, false or nothing. It may be a state: of a module, if some function of it says so.
bool IsFlag(PyObject* name, PyObject* value);

// Whether a list, a dictionary or a set holds nothing but constants and named code, and so is no memo of objects. What
// is empty is still to be filled; where files are is the machine's affair. A tuple of classes alone is such a table
// too: it is there for `isinstance`.
bool IsTable(PyObject* name, PyObject* value);

}  // namespace jitserve
