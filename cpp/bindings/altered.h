// Functions that have been given other code or other defaults, and classes that have been given other bases, while this
// process ran.
#pragma once

#include <Python.h>

#include <cstddef>

namespace jitserve {

// CPython raises an audit event when code or defaults of a function, or the bases of a class, are about to be set
// (`object.__setattr__`, and `object.__delattr__`; https://docs.python.org/3/library/audit_events.html). From the first
// of these on the addresses of all such objects are listed, oldest first, whether they still live or not. To be used
// under the GIL.
//
// It raises others when `__kwdefaults__` of a function is read (`object.__getattr__`), and when the garbage collector
// is asked for objects (`gc.get_objects`, `gc.get_referents`): who has got hold of that dictionary may change what is
// in it.
class Altered {
 public:
  // Begins to listen, once a process. False where that is not possible: then nothing can be told from the list.
  static bool Listen();

  static std::size_t Count();
  static const void* At(std::size_t index);

  // Has it noted from now on if somebody reads the keyword defaults of that function, which is to live on.
  static void WatchKeywords(const PyFunctionObject* function);

  // Whether somebody may have read those of a function that is watched.
  static bool KeywordsAreRead();

  // Whether code may run on cells that it was given (`function.__new__`, `exec`), beside the function that has them.
  static bool CellsAreGiven();
};

}  // namespace jitserve
