// What was read of objects once: whether the very same would be read again.
#pragma once

#include <pybind11/pybind11.h>

#include <compare>
#include <cstdint>
#include <vector>

namespace jitserve {

class Watches {
 public:
  // A dictionary, and all that is bound in it.
  void Dict(PyObject* dict);

  // A list or a set, and all that is in it.
  void Container(PyObject* container);

  // What a function runs, and its defaults.
  void Function(PyFunctionObject* function);

  // A field of an object. `where` is inside of `owner`, and lives as long.
  void Field(PyObject* owner, PyObject* const* where);

  // Adds what others watch, which have to outlive this. To be followed by `Sort`.
  void Join(const Watches& others);

  // Brings all in the order of memory, which is the quickest to look through, and drops what is there twice.
  void Sort();

  // Whether a function is among what is watched. To be asked after `Sort`.
  bool HasFunction(const void* function) const;

  // Whether all is as it was. Runs no Python code, and allocates nothing.
  bool Hold() const { return HoldButFunctions() && FunctionsHold(); }

  // The same for what is no function: most of what is watched are functions, and these lie far apart in memory.
  bool HoldButFunctions() const;

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
  struct FieldState {
    PyObject* const* where;
    PyObject* value;
    auto operator<=>(const FieldState&) const = default;
  };

  bool FunctionsHold() const;

  void KeepAlive(PyObject* object) {
    if (object != nullptr) alive_.push_back(pybind11::reinterpret_borrow<pybind11::object>(object));
  }

  std::vector<DictState> dicts_;
  std::vector<FunctionState> functions_;
  std::vector<FieldState> fields_;
  // Owners and values: an address says which object it is for as long as that object lives.
  std::vector<pybind11::object> alive_;
};

}  // namespace jitserve
