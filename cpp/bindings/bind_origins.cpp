#include "bind.h"
#include "hooks.h"

namespace py = pybind11;

namespace jitserve {

void BindOrigins(py::module_& module) {
  module.def(
      "origin_of_class",
      [](const py::type& cls) {
        Origins& origins = HooksOfWalks().origins;
        return origins.Member(origins.OfClass(reinterpret_cast<PyTypeObject*>(cls.ptr())));
      },
      py::arg("cls"), py::pos_only(), "`_origin.of_class(cls)`.");
  module.def(
      "origin_of_function",
      [](py::handle function) {
        if (!Py_IS_TYPE(function.ptr(), &PyFunction_Type)) throw py::type_error("expected a function");
        Origins& origins = HooksOfWalks().origins;
        return origins.Member(origins.OfFunction(function.ptr()));
      },
      py::arg("function"), py::pos_only(), "`_origin.of_function(function)`.");
}

}  // namespace jitserve
