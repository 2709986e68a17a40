// Names of a module that functions of it bind anew: states, which say nothing of whether somebody has meddled.
#pragma once

#include <pybind11/pybind11.h>

#include <unordered_set>

namespace jitserve {

// Of the flags in a module (objects.h), those that a `global` statement of its functions or methods makes states.
std::unordered_set<PyObject*> StatesIn(PyObject* module_names);

}  // namespace jitserve
