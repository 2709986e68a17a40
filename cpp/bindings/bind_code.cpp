#include "bind.h"
#include "buffer.h"
#include "code.h"

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
}

}  // namespace jitserve
