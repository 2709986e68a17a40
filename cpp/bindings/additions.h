// What somebody may have put into the namespace of a module, a class or a function that its files vouch for.
#pragma once

#include <pybind11/pybind11.h>

#include <vector>

#include "walker.h"

namespace jitserve {

// Name, value, name, value...: plain settings, arrays, and what the user or a library has made. All else in `names` is
// as the files say, as far as the census of what is bound has not seen it (census.h).
std::vector<Child> Additions(Hooks& hooks, PyObject* names, const pybind11::object& path, bool trusted);

}  // namespace jitserve
