// What an object of a library is, in bytes that are the same in every process with the same files: a function by its
// home and its code's place there, a wrapper by what it wraps, a constant by its value.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <string_view>

#include "objects.h"
#include "watches.h"

namespace jitserve {

class Known;

class Description {
 public:
  // `watches` get to know everything that was read and that could change.
  // `home`: the name of the module whose names are described; null for none. What goes by a name of another module is
  // described there, and only named here.
  Description(PyObject* home, Known& known, Watches& watches) : home_(home), known_(known), watches_(watches) {}

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
  static constexpr int kDepth = 6;

  void Tag(char tag) { bytes_.push_back(tag); }
  void TypeName(PyTypeObject* type);
  bool Constant(PyObject* value);
  bool Wrapper(PyObject* value, int depth);
  bool IsOfAnotherModule(PyObject* module, PyObject* name) const;
  bool BuiltIn(PyObject* value);
  void Function(PyObject* function, int depth);
  void Closure(PyObject* function, int depth);
  void Items(PyObject* tuple, int depth);
  bool Table(PyObject* value, int depth);
  bool Number(PyObject* value);
  void Instance(PyObject* value, int depth);
  void Slots(PyObject* value, int depth);
  void Attribute(PyObject* value, const char* name, int depth);

  PyObject* home_;
  Known& known_;
  Watches& watches_;
  std::string bytes_;
};

}  // namespace jitserve
