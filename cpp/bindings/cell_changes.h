// Whether the contents of cells have been set from outside of the code that they are variables of.
#pragma once

#include <Python.h>

#include <cstdint>

namespace jitserve {

// `cell_contents` of a cell is the one way to set a variable of a closure from outside
// (https://docs.python.org/3/reference/datamodel.html#function.__closure__), and the interpreter tells nobody of it. So
// a setter that counts stands before its own. To be used under the GIL.
class CellChanges {
 public:
  // Begins to count, once a process. False where that is not possible: cells have to be looked at.
  static bool Listen();

  // How often contents of any cell have been set so.
  static std::uint64_t Count();

  // Whether nothing but that setter can change what a cell of this function holds: nobody else has the cell, and
  // neither the function nor code inside of it assigns to variables that are shared. Other code may still be given it
  // later (`Altered::CellsAreGiven`).
  static bool IsSettled(PyFunctionObject* function, PyObject* cell);
};

}  // namespace jitserve
