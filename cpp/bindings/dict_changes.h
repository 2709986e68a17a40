// Whether dictionaries have changed, without a look at any of them.
#pragma once

#include <Python.h>

#include <cstdint>

namespace jitserve {

// CPython 3.12 and newer tell who watches a dictionary of each change of it, before it is made
// (https://docs.python.org/3/c-api/dict.html#c.PyDict_Watch). To be used under the GIL.
class DictChanges {
 public:
  // Has changes of a dictionary counted from now on. False where they cannot be: the dictionary has to be looked at.
  // REQUIRES: it is not one of an instance that keeps its values itself: of those CPython 3.13 tells nothing.
  static bool Watch(PyObject* dict);

  // How many changes there were of all dictionaries that are watched.
  static std::uint64_t Count();
};

}  // namespace jitserve
