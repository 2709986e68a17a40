// Callables in the namespaces of a library that are not the library's own.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace jitserve {

// Vouched for: files, directories, functions, classes, objects.
class Known {
 public:
  // A file name, a function, a class or another object: this very one.
  void Add(const pybind11::object& value);
  // All files below a directory, whose name ends in a separator, but for packages that are installed there.
  void AddDirectory(std::string directory) { directories_.push_back(std::move(directory)); }

  bool Has(PyObject* value) const { return known_.count(value) != 0; }
  // Whether a file is in one of the directories.
  bool IsInDirectory(PyObject* file);
  // A function that was made in the namespace of a module is the module's own if its code comes from no file.
  bool HasFunction(PyObject* function, PyObject* home);
  bool HasClassOf(PyObject* value) const { return Has(reinterpret_cast<PyObject*>(Py_TYPE(value))); }

 private:
  std::unordered_set<PyObject*> known_;
  std::unordered_map<PyObject*, bool> files_;
  std::vector<std::string> directories_;
  pybind11::list alive_;  // what the pointers point to
};

struct Stranger {
  pybind11::object cls;  // whose namespace it is in; null for that of a module
  pybind11::object name;
  pybind11::object value;
  pybind11::object function;  // that it is made from; null where there is none
};

// The function that a value of a namespace is, or is made from; null where there is none.
pybind11::object FunctionIn(PyObject* value);

// The same as `MeetStranger` for what cannot be called: a class, or an object of one that nobody has vouched for.
void MeetForeignClass(PyObject* name, PyObject* value, PyObject* cls, Known& known, std::vector<Stranger>& found);

// What is bound under a name, if nobody has vouched for it. `home`: the namespace of the module.
void MeetStranger(PyObject* name, PyObject* value, PyObject* cls, PyObject* home, Known& known,
                  std::vector<Stranger>& found);

}  // namespace jitserve
