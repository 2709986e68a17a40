#include <map>
#include <utility>
#include <vector>

#include "bind.h"
#include "code_parts.h"

namespace py = pybind11;

namespace jitserve {
namespace {

// How leaves of one type are told apart.
struct Sort {
  py::object kind, unless, equal, error;
  std::vector<py::object> same;

  explicit Sort(const py::tuple& parts) : kind(parts[0]), unless(parts[1]), equal(parts[3]), error(parts[4]) {
    for (py::handle name : parts[2]) same.push_back(py::reinterpret_borrow<py::object>(name));
  }
};

// Finds among leaves those that have some of the very same attributes, and one attribute that is equal.
class Alike {
 public:
  explicit Alike(const py::tuple& sorts) {
    for (py::handle sort : sorts) sorts_.emplace_back(py::reinterpret_borrow<py::tuple>(sort));
  }

  // The position of the first leaf like it, which may be its own; -1 where there is nothing to go by.
  Py_ssize_t FirstLike(PyObject* leaf, Py_ssize_t position) {
    for (const Sort& sort : sorts_) {
      if (reinterpret_cast<PyObject*>(Py_TYPE(leaf)) == sort.kind.ptr()) return FirstOf(sort, leaf, position);
    }
    return -1;
  }

 private:
  Py_ssize_t FirstOf(const Sort& sort, PyObject* leaf, Py_ssize_t position) {
    if (!sort.unless.is_none() && !Owned(PyObject_CallMethodNoArgs(leaf, sort.unless.ptr())).is(py::handle(Py_False))) {
      return -1;
    }
    const std::size_t kept = alive_.size();
    std::vector<std::intptr_t> key;
    for (const py::object& name : sort.same) {
      alive_.push_back(Owned(PyObject_GetAttr(leaf, name.ptr())));
      key.push_back(reinterpret_cast<std::intptr_t>(alive_.back().ptr()));
    }
    py::object equal = py::reinterpret_steal<py::object>(PyObject_GetAttr(leaf, sort.equal.ptr()));
    if (!equal) {
      if (sort.error.is_none() || PyErr_ExceptionMatches(sort.error.ptr()) == 0) throw py::error_already_set();
      PyErr_Clear();
      return -1;
    }
    key.push_back(PyObject_Hash(equal.ptr()));
    if (key.back() == -1) throw py::error_already_set();
    const auto [found, is_new] = first_.try_emplace(std::move(key), equal, position);
    if (is_new) return position;
    alive_.resize(kept);  // the first one keeps them
    const auto& [other, first] = found->second;
    const int is_equal = PyObject_RichCompareBool(equal.ptr(), other.ptr(), Py_EQ);
    if (is_equal < 0) throw py::error_already_set();
    return is_equal != 0 ? first : -1;
  }

  std::vector<Sort> sorts_;
  std::vector<py::object> alive_;  // whose addresses are in the keys
  // By the attributes that are the same, and the hash of the one that is equal.
  std::map<std::vector<std::intptr_t>, std::pair<py::object, Py_ssize_t>> first_;
};

}  // namespace

void BindLeaves(py::module_& module) {
  module.def(
      "first_alike",
      [](const py::list& leaves, const py::tuple& sorts) {
        Alike alike(sorts);
        py::list found;
        for (Py_ssize_t i = 0; i < PyList_GET_SIZE(leaves.ptr()); ++i) {
          const py::object leaf = py::reinterpret_borrow<py::object>(PyList_GET_ITEM(leaves.ptr(), i));
          found.append(alike.FirstLike(leaf.ptr(), i));
        }
        return found;
      },
      py::arg("leaves"), py::arg("sorts"), py::pos_only(),
      "For each leaf the position of the first one like it; -1 where there is nothing to go by.");
}

}  // namespace jitserve
