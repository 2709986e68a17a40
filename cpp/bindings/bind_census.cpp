#include <pybind11/stl.h>

#include "bind.h"
#include "buffer.h"
#include "census.h"

namespace py = pybind11;

namespace jitserve {
namespace {

Census NewCensus(const std::unordered_map<std::string, int>& packages, std::unordered_set<std::string> left_out) {
  std::unordered_map<std::string, Look> looks;
  for (const auto& [name, look] : packages) looks.emplace(name, static_cast<Look>(look));
  return Census(std::move(looks), std::move(left_out));
}

}  // namespace

void BindCensus(py::module_& module) {
  module.def(
      "names_digest",
      [](py::handle names) {
        if (!PyModule_Check(names.ptr())) throw py::type_error("expected a module");
        return ToPython(NamesDigestOf(names.ptr()));
      },
      py::arg("module"), py::pos_only(), "What is bound under the names of a module, but for modules inside of it.");
  py::class_<Census>(module, "Census", py::is_final(), "Knows what is bound under the names of libraries' modules.")
      .def(py::init(&NewCensus), py::arg("packages"), py::arg("left_out"), py::pos_only())
      .def(
          "know", [](Census& census, const py::object& value) { census.known().Add(value); }, py::arg("value"),
          py::pos_only(), "Vouches for a file name, a function, a class or an object.")
      .def(
          "know_directory",
          [](Census& census, std::string directory) { census.known().AddDirectory(std::move(directory)); },
          py::arg("directory"), py::pos_only(), "Vouches for the files below a directory.")
      .def(
          "refresh", [](Census& census, const py::dict& modules) { return census.Refresh(modules.ptr()); },
          py::arg("modules"), py::pos_only(), "Looks at what has changed; a number that is new whenever something has.")
      .def("has_rules", &Census::HasRules, "Whether tables and rules are those that were looked at last.")
      .def("refresh_rules", &Census::RefreshRules, py::arg("tables"), py::pos_only(),
           "The same for tables of rules, as (name, table, whether it is digested apart).")
      .def("digests", &Census::Digests, "Digests by the name of the module, or of the primitive.")
      .def("unread", &Census::UnreadValues, "What is not digested by its value: (name of the place, value).")
      .def("strangers", &Census::Strangers,
           "What is not vouched for: (module, class or None, name, value, function that it is made from or None).");
}

}  // namespace jitserve
