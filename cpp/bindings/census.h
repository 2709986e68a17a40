// What is bound under the names of a process's libraries: a digest for each module, and what is not the library's own.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/digest.h"
#include "description.h"
#include "objects.h"
#include "strangers.h"
#include "watches.h"

namespace jitserve {

// How closely to look at the modules of a package. The Python side knows the numbers, too (fingerprint/_bindings.py).
enum class Look { kNotAtAll = 0, kBuiltIn = 1, kNames = 2, kClasses = 3, kStrangers = 4 };

// What is bound under the names of one module, but for modules that are inside of it.
Digest NamesDigestOf(PyObject* module);

class Census {
 public:
  // `left_out`: dotted names that do not count.
  Census(std::unordered_map<std::string, Look> packages, std::unordered_set<std::string> left_out);

  Known& known() { return known_; }

  // Looks again at whatever has changed since the last time. Returns a number that is new whenever something has.
  std::uint64_t Refresh(PyObject* modules);

  // Whether the rules are still those that were looked at last, in tables that are still bound where they were.
  bool HasRules() { return rules_of_ == generation_ && Holds(rule_watches_); }

  // The rules that tables hold for primitives that are bound in the modules. Returns a number as `Refresh` does.
  std::uint64_t RefreshRules(const pybind11::list& tables);

  // By the name of the module, or of the primitive. Of several primitives of one name: all digests, sorted.
  pybind11::dict Digests() const;

  // What nobody has vouched for: (module, class or None, name, value, function that it is made from or None).
  pybind11::list Strangers();

  // What was not described by its value: (name of the place, value).
  pybind11::list UnreadValues() const;

 private:
  struct Module {
    pybind11::object module;
    Look look = Look::kNames;
    bool described = false;
    Digest digest;
    Watches watches;
    std::vector<Stranger> strangers;
    std::vector<std::pair<std::string, pybind11::object>> unread;  // by the name that it is found under
    std::unordered_set<PyObject*> primitives;
  };

  std::optional<Look> LookAt(std::string_view name) const;
  bool Holds(Watches& watches);
  bool List(PyObject* modules, std::vector<Module>& dropped);
  void Describe(Module& entry);
  void DescribeClass(Module& entry, Description& description, PyObject* type, PyObject* home);

  std::unordered_map<std::string, Look> packages_;
  std::unordered_set<std::string> left_out_;
  Known known_;
  std::map<std::string, Module> modules_;
  std::optional<std::uint64_t> listed_;
  Watches all_;          // of all modules
  bool altering_;        // whether somebody alters what is watched, so that each of it has to be looked at
  std::size_t altered_;  // how many of the altered objects have been looked for among it
  std::uint64_t generation_ = 0;
  std::uint64_t rules_of_ = 0;  // the generation that the rules were looked at in
  Watches rule_watches_;
  Unread rule_unread_;
  std::map<std::string, std::vector<Digest>> rules_;
};

}  // namespace jitserve
