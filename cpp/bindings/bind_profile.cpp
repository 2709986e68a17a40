#include <unordered_map>
#include <utility>
#include <vector>

#include "bind.h"

namespace py = pybind11;

namespace jitserve {

// What the observer wants to hear about a code object. The Python side knows the numbers, too (_recorder_profile.py).
enum class Interest { kNone = 0, kCalls = 1, kStarts = 2 };

// A profile function of the interpreter for one thread: reports each code object when it first runs, and the calls of C
// functions from those that the observer is interested in. Python 3.12 has sys.monitoring for this, which costs less.
// A profiler that was there before goes on: its function is called first, and is put back in the end.
class Profile {
 public:
  Profile(py::function on_code, py::function on_call) : on_code_(std::move(on_code)), on_call_(std::move(on_call)) {}

  void Start(py::object self) {
    PyThreadState* const thread = PyThreadState_Get();
    previous_ = thread->c_profilefunc;
    previous_object_ = py::reinterpret_borrow<py::object>(thread->c_profileobj);
    PyEval_SetProfile(&Profile::Event, self.ptr());
  }

  // False: somebody has replaced the profile function in between, so that events were missed. It stays as it is.
  bool Stop(py::object self) {
    PyThreadState* const thread = PyThreadState_Get();
    const bool ours = thread->c_profilefunc == &Profile::Event && thread->c_profileobj == self.ptr();
    if (ours) PyEval_SetProfile(previous_, previous_object_.ptr());
    previous_object_ = py::object();
    return ours && !failed_;
  }

 private:
  static int Event(PyObject* self, PyFrameObject* frame, int what, PyObject* argument) {
    return py::handle(self).cast<Profile&>().Handle(frame, what, argument);
  }

  int Handle(PyFrameObject* frame, int what, PyObject* argument) {
    if (previous_ != nullptr && previous_(previous_object_.ptr(), frame, what, argument) != 0) return -1;
    if (what != PyTrace_CALL && what != PyTrace_C_CALL) return 0;
    const auto code = py::reinterpret_steal<py::object>(reinterpret_cast<PyObject*>(PyFrame_GetCode(frame)));
    try {
      if (what == PyTrace_CALL) {
        Started(code, frame);
      } else if (InterestIn(code) == Interest::kCalls) {
        on_call_(py::reinterpret_borrow<py::object>(argument));
      }
    } catch (py::error_already_set&) {
      failed_ = true;  // the recording is worthless, and the user's call goes on
    }
    return 0;
  }

  void Started(const py::object& code, PyFrameObject* frame) {
    const auto known = interest_.find(code.ptr());
    if (known != interest_.end() && known->second != Interest::kStarts) return;
    const py::object answer = on_code_(code, py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(frame)));
    // The answer may change: what starts inside a pure function first may start outside of it later.
    if (known == interest_.end()) alive_.push_back(code);
    interest_[code.ptr()] = static_cast<Interest>(answer.cast<int>());
  }

  Interest InterestIn(const py::object& code) const {
    const auto known = interest_.find(code.ptr());
    return known == interest_.end() ? Interest::kNone : known->second;
  }

  py::function on_code_;
  py::function on_call_;
  std::unordered_map<PyObject*, Interest> interest_;
  std::vector<py::object> alive_;  // the keys of interest_ stay valid
  Py_tracefunc previous_ = nullptr;
  py::object previous_object_;
  bool failed_ = false;
};

void BindProfile(py::module_& module) {
  py::class_<Profile>(module, "Profile", "Reports what this thread executes: code objects and calls of C functions.")
      .def(py::init<py::function, py::function>(), py::arg("on_code"), py::arg("on_call"))
      .def("start", [](py::object self) { self.cast<Profile&>().Start(self); })
      .def("stop", [](py::object self) { return self.cast<Profile&>().Stop(self); });
}

}  // namespace jitserve
