// The loop of the walk (src/jitserve/fingerprint/_walker.py): what is still to be visited, and the numbers of what has
// been visited. What most objects are made of is encoded here, too (encoders.h); for all the rest Python is asked.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/tokens.h"
#include "hooks.h"

namespace jitserve {

// How a child is reached from where its parent was found: a template of `_path.py`. Never freed.
struct Steps {
  PyObject* attribute;
  PyObject* item;
  PyObject* cell;
  PyObject* global;
  PyObject* default_value;
  PyObject* keyword_default;
  PyObject* key;
};
const Steps& StepsOfPaths();

// Something to be visited. Its path is made when somebody wants it: most children are scalars, and nobody does.
struct Child {
  pybind11::object value;
  pybind11::object path;     // its own, or that of the parent if there is a step
  PyObject* step = nullptr;  // one of Steps
  pybind11::object key;      // of the step; if there is none, the index is meant
  Py_ssize_t index = 0;
  bool trusted = false;

  pybind11::object Path() const;
};

// What is the same for all instances of a class (`_shapes.Shape`), as far as it is needed of a plain one.
struct PlainShape {
  pybind11::object cls;
  bool is_plain = false;  // there is nothing to such an instance but the attributes and slots
  bool is_opaque = false;
  pybind11::object attributes;                                       // the descriptor of `__dict__`, or None
  std::vector<std::pair<pybind11::object, pybind11::object>> slots;  // by name, their descriptors
};

class Walker {
 public:
  // `anonymous`: a reference to what was visited before does not say to what.
  // `footprint`: names of the functions to go into, of those that are not opaque; None for all of them.
  Walker(pybind11::object tokens, std::uint64_t limit, bool anonymous, pybind11::object footprint);

  // Numbers an object. False: it has been visited before, and a reference has been emitted. What libraries only have
  // led to is visited anew, after a reference, and gets a new number, where code of the user leads to it: it counts for
  // more there.
  bool Number(PyObject* object, const pybind11::object& path);
  bool Number(const Child& child);
  // The same for what is encoded alike, whoever leads to it.
  bool NumberOnce(PyObject* object, const pybind11::object& path);
  // Whether `Number` would emit a reference.
  bool Knows(PyObject* object) const;
  // Whether it has been visited, whoever has led to it, or is what holds the attributes of an object that has.
  bool HasMet(PyObject* object) const { return numbers_.contains(object) || owners_.contains(object); }
  // Whether libraries only have led to an object that code of the user leads to now.
  bool IsNewToUser(PyObject* object) const;
  // Notes that what an object holds is in this dictionary. False: the dictionary has been met before, as that of
  // another object or as a value, and a reference has been emitted. REQUIRES: the object has a number
  bool Share(PyObject* dict, PyObject* owner);
  // The same for a dictionary of which not everything is visited as attributes: as a value it is visited all the same.
  void ShareInPart(PyObject* dict, PyObject* owner);
  // Notes that not everything in a dictionary of attributes is visited. REQUIRES: it was shared
  void LeaveOutOf(PyObject* dict);
  // Which object it is, of those that were met; nothing for any other.
  void EmitEarlier(PyObject* object);
  // A number for a cell of which not the contents are visited, but what is read of them; -1 where nothing has one.
  Py_ssize_t CellNumber(PyObject* cell);
  bool HasCellNumber(PyObject* cell) const { return cells_.contains(cell); }
  // The number of this very object, or -1.
  Py_ssize_t IndexOf(PyObject* object) const;
  // The code of a walked function, and the code nested in it.
  void Cover(PyObject* code, PyObject* nested, const pybind11::object& path);

  // Leaves out the default of a field, or those that a function has for some parameters.
  void HideDefault(const pybind11::object& field) { hidden_.insert_or_assign(field.ptr(), Hidden{field, {}}); }
  void HideDefaults(const pybind11::object& function, pybind11::set parameters) {
    hidden_.insert_or_assign(function.ptr(), Hidden{function, std::move(parameters)});
  }
  bool HidesDefault(PyObject* field) const { return hidden_.contains(field); }
  bool HidesDefault(PyObject* function, const pybind11::object& parameter) const;

  // Adds children, to be visited in this order before anything that is waiting.
  void Push(std::vector<Child>&& children);
  void PushAll(const pybind11::list& children);
  // What is visited next: (value, path, trusted), or None.
  pybind11::object Pop();
  // Visits everything that is waiting, and what that leads to.
  void Run();

  Tokens& tokens() { return *tokens_; }
  pybind11::object tokens_object() const { return tokens_object_; }
  void set_tokens(pybind11::object tokens);
  Hooks& hooks() { return *hooks_; }
  const pybind11::object& footprint() const { return footprint_; }
  // Of a class whose instance a library has led to.
  const PlainShape& PlainShapeOf(PyTypeObject* type);
  // The Python object that this is part of. REQUIRES: it is being called
  pybind11::object self() { return pybind11::cast(this, pybind11::return_value_policy::reference); }

  bool hides_defaults = false;  // of functions that it does not go into
  pybind11::list objects, paths;
  pybind11::dict codes, nested;
  pybind11::list classes;        // that were walked: (class, path, trusted)
  pybind11::list field_types;    // of fields of the user's dataclasses: (annotation that is no class, path)
  pybind11::dict registrations;  // what `hooks().registered` has found already, as it keeps it
  pybind11::dict registered_as;  // likewise
  pybind11::object stopped_at = pybind11::none();  // the path of what an encoder has raised an error for

 private:
  struct Encoder {
    pybind11::object type, python;
    Encode native = nullptr;
    bool numbers_first = false;
    bool is_users = false;  // of instances of the user's classes
  };
  const Encoder& EncoderOf(PyTypeObject* type);
  // What is on top. An object of a class of the user's is the user's, also where a library holds it.
  Child Take();
  void Visit(const Child& child);
  struct Met {
    Py_ssize_t index;
    bool by_user;               // code of the user has led to it, and not libraries only
    bool in_part = false;       // not everything in it has been visited
    PyObject* owner = nullptr;  // of a dictionary, the object whose attributes it holds
  };
  struct Hidden {
    pybind11::object object;  // kept
    pybind11::set parameters;
  };
  using Meetings = std::unordered_map<PyObject*, Met>;
  bool IsEnough(const Met& met) const { return !met.in_part && (trusted_ || met.by_user); }
  bool EmitReference(PyObject* object);
  void EmitNumber(const char* tag, const Met& met);
  void Own(PyObject* dict, Met met);
  void Meet(PyObject* object, const pybind11::object& path);

  pybind11::object tokens_object_;
  Tokens* tokens_ = nullptr;
  std::uint64_t limit_;
  bool anonymous_;
  pybind11::object footprint_;
  Hooks* hooks_;
  bool trusted_ = false;  // how the object was reached that is being visited
  Meetings numbers_;
  Meetings owners_;                     // of dictionaries that hold attributes: the numbers of the objects
  std::vector<pybind11::object> kept_;  // those dictionaries: some objects make a new one for whoever asks
  std::unordered_map<PyObject*, Py_ssize_t> cells_;
  std::unordered_map<PyObject*, Hidden> hidden_;
  std::unordered_map<PyTypeObject*, Encoder> encoders_;
  std::unordered_map<PyTypeObject*, PlainShape> shapes_;
  std::vector<Child> stack_;
};

// Appends a list of (value, path, trusted).
void AppendAll(const pybind11::list& items, std::vector<Child>& children);

}  // namespace jitserve
