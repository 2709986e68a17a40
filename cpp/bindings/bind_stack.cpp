#include <unordered_map>
#include <utility>
#include <vector>

#include "bind.h"

namespace py = pybind11;

namespace jitserve {
namespace {

// What the Python side says of a code object (fingerprint/_stack.py knows the numbers, too).
constexpr int kStdlib = 1;     // comes with the interpreter
constexpr int kImporting = 2;  // runs because a module is being imported
constexpr int kWatching = 4;   // calls back those who want to know what happens

// Looks at the callers of a frame, up to the one that recording began in. A look takes as long as the stack is deep,
// and some traces take thousands of them.
class Stack {
 public:
  Stack(py::function classify, py::list collecting)
      : classify_(std::move(classify)), collecting_(std::move(collecting)) {}

  // Frames from this one on do not count; None: all count.
  void SetBase(py::object base) { base_ = std::move(base); }

  // All that is said of the frame and of those that it was called by.
  int Kinds(const py::object& frame) {
    int kinds = 0;
    for (py::object at = frame; IsInside(at); at = Back(at)) kinds |= KindOf(at);
    return kinds;
  }

  // The nearest frame that is neither the standard library's nor runs because of an import; None where there is none.
  py::object Culprit(const py::object& frame) {
    py::object found = py::none();
    for (py::object at = frame; IsInside(at); at = Back(at)) {
      const int kind = KindOf(at);
      if ((kind & kImporting) != 0) {
        found = py::none();
      } else if ((kind & kStdlib) == 0 && found.is_none()) {
        found = at;
      }
    }
    return found;
  }

 private:
  bool IsInside(const py::object& frame) const { return !frame.is_none() && !frame.is(base_); }

  static PyFrameObject* FrameOf(const py::object& frame) { return reinterpret_cast<PyFrameObject*>(frame.ptr()); }

  static py::object Back(const py::object& frame) {
    PyObject* const back = reinterpret_cast<PyObject*>(PyFrame_GetBack(FrameOf(frame)));
    return back == nullptr ? py::object(py::none()) : py::reinterpret_steal<py::object>(back);
  }

  int KindOf(const py::object& frame) {
    py::object code = py::reinterpret_steal<py::object>(reinterpret_cast<PyObject*>(PyFrame_GetCode(FrameOf(frame))));
    auto known = kinds_.find(code.ptr());
    if (known == kinds_.end()) {
      known = kinds_.emplace(code.ptr(), classify_(code).cast<int>()).first;
      alive_.push_back(code);
    }
    return known->second | (IsCollecting(code.ptr()) ? kWatching : 0);
  }

  // Whether the garbage collector calls it, at any moment. The list changes when somebody adds to `gc.callbacks`.
  bool IsCollecting(PyObject* code) const {
    for (py::handle callback : collecting_) {
      if (PyFunction_Check(callback.ptr()) && PyFunction_GET_CODE(callback.ptr()) == code) return true;
    }
    return false;
  }

  py::function classify_;
  py::list collecting_;
  py::object base_ = py::none();
  std::unordered_map<PyObject*, int> kinds_;
  std::vector<py::object> alive_;  // the keys of kinds_ stay valid
};

}  // namespace

void BindStack(py::module_& module) {
  py::class_<Stack>(module, "Stack", py::is_final(), "Looks at the callers of a frame, by what is said of their code.")
      .def(py::init<py::function, py::list>(), py::arg("classify"), py::arg("collecting"))
      .def("set_base", &Stack::SetBase, py::arg("frame"), py::pos_only(), "Frames from this one on do not count.")
      .def("kinds", &Stack::Kinds, py::arg("frame"), py::pos_only(), "All kinds of the frame and of its callers.")
      .def("culprit", &Stack::Culprit, py::arg("frame"), py::pos_only(),
           "The nearest frame that is neither the standard library's nor runs because of an import, or None.");
}

}  // namespace jitserve
