#include "bind.h"
#include "intercept.h"

namespace py = pybind11;

namespace jitserve {

void BindIntercept(py::module_& module) {
  module.def("intercept", &Intercept, py::arg("stock"), py::arg("ask"), py::pos_only(),
             "A function that returns what `ask` answers, or what `stock` returns where that is NotImplemented. It has "
             "no frame.");
}

}  // namespace jitserve
