// What the walk in C++ needs of Python: src/jitserve/fingerprint/_hooks.py, read once.
#pragma once

#include <pybind11/pybind11.h>

#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "identity_memo.h"
#include "origins.h"

namespace jitserve {

class Walker;
struct Child;

// Emits the tokens of an object, and pushes its parts.
using Encode = void (*)(Walker&, const Child&);

struct Hooks {
  explicit Hooks(const pybind11::module_& hooks);

  // The Names of a code object.
  pybind11::object NamesOf(const pybind11::object& code);

  Origins origins;
  pybind11::object encoder_of;       // type -> encoder
  pybind11::object too_large;        // path, limit: raises
  pybind11::object names_of;         // code -> Names
  pybind11::object meet_user_code;   // walker, function, names, path: what the user's code must not do
  pybind11::object bindings;         // walker, function, path, trusted -> children
  pybind11::object inner_imports;    // function, names, path -> children
  pybind11::object is_pruned;        // function, footprint
  pybind11::object is_read_by_keys;  // function, name of a captured variable, the dictionary that it holds
  pybind11::object load_lazily;      // module, name -> whether it is there now
  pybind11::object check_opaque;     // callable, module, qualname, path: raises if the user must not have it
  pybind11::object emit_annotation;  // tokens, value
  pybind11::object registered;       // class, users only, what is known in this walk -> names
  pybind11::object registered_as;    // class, what is known in this walk -> names
  pybind11::object class_data;       // walker, class, path -> path of its data by name, None: left out
  pybind11::object shape_of;         // walker, class, trusted -> Shape
  pybind11::object told_signature;   // walker, what is under one of `signatures` -> what counts of it, None: nothing
  pybind11::object encode_instance;  // walker, instance, path, trusted
  pybind11::object encode_builtin;   // walker, function, path, trusted
  pybind11::object encode_modules;   // walker, sys.modules, path, trusted
  pybind11::object single_dispatch;  // the code of what functools.singledispatch makes
  pybind11::object builtin, unresolved, missing;  // markers
  pybind11::object unset;                         // stands for what an empty slot holds
  pybind11::object no_default;                    // what a field of a dataclass without a default has for one
  pybind11::object special_names;                 // global names that only `bindings` in Python knows how to resolve
  pybind11::object generated, generated_files;    // prefixes of names and files of code that is made anew
  pybind11::object descriptive;                   // attributes of functions that do not count
  pybind11::object signatures;                    // those of them under which there are signatures
  pybind11::object hidden;                        // names in classes that do not count
  pybind11::object hidden_in_libraries;
  pybind11::object compiled;     // those of them that only count where `is_compiled` denies it
  pybind11::object is_compiled;  // namespace of a class -> whether the library has made what is under those names
  // What counts of a signature that was set on something, and is under that name; None: nothing, or it is no signature.
  pybind11::object ToldSignature(const pybind11::object& walker, PyObject* name, PyObject* value) const;
  IdentityMemo<pybind11::object> names;                                             // what `names_of` has said
  IdentityMemo<std::pair<pybind11::object, pybind11::object>> names_in_footprints;  // by code: module, name
  std::unordered_map<PyObject*, Encode> native;     // by what stands for it in Python's tables
  std::unordered_set<PyObject*> fixed_annotations;  // classes of annotations that say one thing for ever
  std::unordered_set<PyObject*> numbers_first;      // encoders in Python that begin so
};

// Made on first use, and kept for ever. REQUIRES: the GIL is held
Hooks& HooksOfWalks();

}  // namespace jitserve
