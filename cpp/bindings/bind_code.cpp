#include "bind.h"
#include "buffer.h"
#include "code.h"
#include "imports.h"
#include "names.h"

namespace py = pybind11;

namespace jitserve {

void BindCode(py::module_& module) {
  module.def(
      "code_digest",
      [](py::handle code, bool docstrings) {
        return ToPython(CodeDigest(code, docstrings ? Docstrings::kKeep : Docstrings::kDrop));
      },
      py::arg("code"), py::pos_only(), py::kw_only(), py::arg("docstrings") = false,
      "The digest of what a code object does: 32 bytes. Docstrings are in it only on request.");
  module.def(
      "code_names",
      [](py::handle code) {
        Names names = NamesOf(code);
        return py::make_tuple(names.codes, InOrder(names.chains), names.writes, names.globals_written, names.imports,
                              names.attributes, names.loads, names.reads_by_name, names.builds_set);
      },
      py::arg("code"), py::pos_only(), "Which names a code object and the code nested in it read, and how.");
  module.def(
      "uses_of_variable",
      [](py::handle code, const py::str& name) {
        if (!PyCode_Check(code.ptr())) throw py::type_error("expected a code object");
        const VariableUses uses = UsesOfVariable(reinterpret_cast<PyCodeObject*>(code.ptr()), name);
        return py::make_tuple(uses.chains, uses.are_written);
      },
      py::arg("code"), py::arg("name"), py::pos_only(),
      "The attribute chains through which code, and the code nested in it, reads a variable, and whether it assigns to "
      "one of its attributes.");
}

}  // namespace jitserve
