// What was read of objects once: whether the very same would be read again.
#pragma once

#include <pybind11/pybind11.h>

#include <compare>
#include <cstdint>
#include <vector>

namespace jitserve {

class Watches {
 public:
  Watches();

  // A dictionary, and all that is bound in it.
  void Dict(PyObject* dict);

  // The attributes of an object, in `dict`; null where it has none yet.
  void Attributes(PyObject* owner, PyObject* dict);

  // A list or a set, and all that is in it.
  void Container(PyObject* container);

  // What a function runs, and its defaults, but for what is in the dictionary of those for keywords.
  void Function(PyFunctionObject* function);

  // The defaults for keywords of a function that is watched.
  void Keywords(PyFunctionObject* function);

  // What a variable of a function that is watched holds.
  void Cell(PyFunctionObject* function, PyCellObject* cell);

  // The bases of a class.
  void Bases(PyTypeObject* type);

  // A field of an object. `where` is inside of `owner`, and lives as long.
  void Field(PyObject* owner, PyObject* const* where);

  // Adds what others watch, which have to outlive this. To be followed by `Sort`.
  void Join(const Watches& others);

  // Brings all in the order of memory, which is the quickest to look through, and drops what is there twice.
  void Sort();

  // Whether a function or a class is among what is watched. To be asked after `Sort`.
  bool HasAlterable(const void* object) const;

  // Whether all is as it was. Runs no Python code, and allocates nothing.
  bool Hold() { return HoldButAlterable() && AlterableHold(); }

  // The same but for functions and the bases of classes, of which `Altered` knows: most of what is watched are these,
  // and they lie far apart in memory.
  bool HoldButAlterable();

 private:
  struct DictState {
    PyObject* dict;
    std::uint64_t stamp;
    auto operator<=>(const DictState&) const = default;
  };
  struct FunctionState {
    PyFunctionObject* function;
    PyObject* code;
    PyObject* defaults;
    PyObject* keywords;
    auto operator<=>(const FunctionState&) const = default;
  };
  struct BasesState {
    PyTypeObject* type;
    PyObject* bases;
    auto operator<=>(const BasesState&) const = default;
  };
  struct FieldState {
    PyObject* const* where;
    PyObject* value;
    auto operator<=>(const FieldState&) const = default;
  };

  struct KeywordsState {
    PyFunctionObject* function;
    PyObject* dict;
    std::uint64_t stamp;
    auto operator<=>(const KeywordsState&) const = default;
  };

  void Dict(PyObject* dict, bool tells);
  static bool Hold(const std::vector<DictState>& states);
  static bool Hold(const std::vector<FieldState>& states);
  bool KeywordsHold() const;
  bool AlterableHold() const;

  void KeepAlive(PyObject* object) {
    if (object != nullptr) alive_.push_back(pybind11::reinterpret_borrow<pybind11::object>(object));
  }

  std::vector<DictState> watched_;  // dictionaries whose changes are counted,
  std::uint64_t changes_;           // and how many changes there had been when all of these were known to hold
  std::vector<DictState> dicts_;    // what else there is of dictionaries, and of other containers
  std::vector<FunctionState> functions_;
  std::vector<BasesState> bases_;
  std::vector<FieldState> fields_;
  std::vector<FieldState> cells_;        // cells that nothing but a counted setter can change,
  std::uint64_t cell_changes_;           // and how often it had been called when all of these were known to hold
  std::vector<KeywordsState> keywords_;  // dictionaries that nobody can have got hold of unnoticed
  // Owners and values: an address says which object it is for as long as that object lives.
  std::vector<pybind11::object> alive_;
};

}  // namespace jitserve
