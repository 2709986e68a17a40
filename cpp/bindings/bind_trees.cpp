#include <vector>

#include "bind.h"

namespace py = pybind11;

namespace jitserve {
namespace {

class RecursiveCall {
 public:
  RecursiveCall() {
    if (Py_EnterRecursiveCall(" to describe a tree") != 0) throw py::error_already_set();
  }
  ~RecursiveCall() { Py_LeaveRecursiveCall(); }
  RecursiveCall(const RecursiveCall&) = delete;
  RecursiveCall& operator=(const RecursiveCall&) = delete;
};

// Describes one tree of nodes, each (kind, number of children, data, class, leaves below, nodes below with itself) and
// children before their parent.
class TreeDescriber {
 public:
  TreeDescriber(const py::list& nodes, int leaf, const py::dict& builtin, const py::function& functions)
      : nodes_(nodes), leaf_(leaf), builtin_(builtin), functions_(functions) {}

  py::tuple Describe() {
    AppendNodes({static_cast<Py_ssize_t>(nodes_.size()) - 1});
    return py::tuple(described_);
  }

 private:
  Py_ssize_t Number(Py_ssize_t place, int field) const {
    return py::cast<Py_ssize_t>(py::cast<py::tuple>(nodes_[place])[field]);
  }

  // Leaves that follow each other are counted.
  void AppendNodes(const std::vector<Py_ssize_t>& places) {
    Py_ssize_t leaves = 0;
    for (const Py_ssize_t place : places) {
      if (Number(place, 0) == leaf_) {
        ++leaves;
        continue;
      }
      AppendLeaves(leaves);
      leaves = 0;
      AppendNode(place);
    }
    AppendLeaves(leaves);
  }

  void AppendLeaves(Py_ssize_t count) {
    if (count == 0) return;
    described_.append("leaves");
    described_.append(count);
  }

  void AppendNode(Py_ssize_t place) {
    const RecursiveCall deeper;
    const auto node = py::cast<py::tuple>(nodes_[place]);
    described_.append(node[1]);
    if (builtin_.contains(node[0])) {
      described_.append(builtin_[node[0]]);
      described_.append(PyList_CheckExact(node[2].ptr()) ? py::tuple(node[2]) : py::object(node[2]));
    } else {
      // A named tuple has its class in the place of its data.
      const bool is_named = node[3].is_none();
      described_.append(is_named ? node[2] : node[3]);
      described_.append(is_named ? py::none() : py::object(node[2]));
      for (py::handle function : py::tuple(functions_(is_named ? node[2] : node[3]))) described_.append(function);
    }
    AppendNodes(ChildrenOf(place));
  }

  std::vector<Py_ssize_t> ChildrenOf(Py_ssize_t place) const {
    std::vector<Py_ssize_t> children(static_cast<std::size_t>(Number(place, 1)));
    Py_ssize_t child = place - 1;
    for (auto next = children.rbegin(); next != children.rend(); ++next) {
      *next = child;
      child -= Number(child, 5);
    }
    return children;
  }

  const py::list& nodes_;
  Py_ssize_t leaf_;
  const py::dict& builtin_;
  const py::function& functions_;
  py::list described_;
};

}  // namespace

void BindTrees(py::module_& module) {
  module.def(
      "describe_tree",
      [](const py::list& nodes, int leaf, const py::dict& builtin, const py::function& functions) {
        return TreeDescriber(nodes, leaf, builtin, functions).Describe();
      },
      py::arg("nodes"), py::arg("leaf"), py::arg("builtin"), py::arg("functions"), py::pos_only(),
      "A tree as plain data: nodes before their children, leaves that follow each other counted.");
}

}  // namespace jitserve
