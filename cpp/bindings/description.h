// What an object of a library is, in bytes that are the same in every process with the same files: a function by its
// home and its code's place there, a wrapper by what it wraps, a constant by its value.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <string_view>
#include <vector>

#include "objects.h"
#include "watches.h"

namespace jitserve {

class Known;

// Arrays on devices, what is large, and objects that code was given: no part of a library, and for the walk to see.
using Unread = std::vector<pybind11::object>;

class Description {
 public:
  // `watches` get to know everything that was read and that could change, `unread` what is not told here by its value;
  // null: arrays are told by their types alone. Libraries make some of random numbers, or of what memory happens to
  // hold. `home`: the name of the module whose names are described; null for none. What goes by a name of another
  // module is described there, and only named here.
  Description(PyObject* home, Known& known, Watches& watches, Unread* unread)
      : home_(home), known_(known), watches_(watches), unread_(unread) {}

  const std::string& bytes() const { return bytes_; }

  void Text(std::string_view text);
  void Text(PyObject* text) { Text(TextOf(text)); }

  // Any object. What is deeper than `depth` is left out; so are containers that can grow.
  void Value(PyObject* value, int depth = kDepth);

  // The code that an object keeps in its attributes.
  void Contents(PyObject* value, int depth = kDepth);

  // The names in the namespace of a class, and its bases.
  void Class(PyTypeObject* type);

  // What a name in a module or in a class is bound to. False: nothing, as the name may hold that for the time being.
  // `is_state`: some function of the module binds the name anew.
  bool Binding(PyObject* name, PyObject* value, bool is_state = false);

 private:
  static constexpr int kDepth = 12;

  void Tag(char tag) { bytes_.push_back(tag); }
  void TypeName(PyTypeObject* type);
  bool Constant(PyObject* value);
  bool Plain(PyObject* value, int depth);
  bool Wrapper(PyObject* value, int depth);
  bool IsToldElsewhere(PyFunctionObject* function) const;
  bool BuiltIn(PyObject* value, int depth);
  bool Partial(PyObject* value, int depth);
  bool Getter(PyObject* value, int depth);
  void Self(PyObject* self, int depth);
  void Function(PyObject* function, int depth);
  void Closure(PyObject* function, int depth);
  void Items(PyObject* tuple, int depth);
  bool Table(PyObject* value, int depth);
  bool Data(PyObject* value, int depth);
  bool Number(PyObject* value);
  bool Array(PyObject* value);
  bool LeaveUnread(PyObject* value);
  void Instance(PyObject* value, int depth);
  void Slots(PyObject* value, int depth);
  void Attribute(PyObject* value, const char* name, int depth);

  PyObject* home_;
  Known& known_;
  Watches& watches_;
  Unread* unread_;
  bool is_held_ = false;  // whether what is told was given to code as an argument, and so is no state of a module
  std::string bytes_;
};

}  // namespace jitserve
