#include <pybind11/pybind11.h>

// The table of contents of jitserve._core: one bind_<noun>.cpp per topic.
PYBIND11_MODULE(_core, m) {
  m.doc() = "The C++ core of jitserve.";
  m.attr("__version__") = JITSERVE_VERSION;
}
