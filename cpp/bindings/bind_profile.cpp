#include <optional>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "bind.h"
#include "frames.h"

namespace py = pybind11;

namespace jitserve {

#if PY_VERSION_HEX < 0x030C0000

// What the observer wants to hear about a code object: nothing, each C function that it calls once, every further
// start, or every call of a C function. The Python side knows the numbers, too (fingerprint/_profiling.py).
enum class Interest { kNone = 0, kNewCalls = 1, kStarts = 2, kAllCalls = 3 };

// A profile function of the interpreter for one thread: reports each code object when it first runs, and the calls of C
// functions from those that the observer is interested in. Python 3.12 has sys.monitoring for this instead.
// A profiler that was there before goes on: its function is called first, and is put back in the end.
class Profile {
 public:
  // `pass_on` is called with an error of the others, and raises it if it is none of ours.
  Profile(py::function on_code, py::function on_call, py::function pass_on)
      : on_code_(std::move(on_code)), on_call_(std::move(on_call)), pass_on_(std::move(pass_on)) {}

  void Start(py::object self) {
    PyThreadState* const thread = PyThreadState_Get();
    outer_ = thread->c_profilefunc == &Profile::Event ? current_ : nullptr;
    previous_ = thread->c_profilefunc;
    previous_object_ = py::reinterpret_borrow<py::object>(thread->c_profileobj);
    current_ = this;
    // Who traces or profiles already sees all events of all frames, as without us.
    if (ListensAlone(thread)) hook_ = HookFrames(&Profile::Wanted);
    PyEval_SetProfile(&Profile::Event, self.ptr());
  }

  // False: somebody has replaced the profile function in between, so that events were missed. It stays as it is.
  bool Stop(py::object self) {
    PyThreadState* const thread = PyThreadState_Get();
    const bool ours = thread->c_profilefunc == &Profile::Event && thread->c_profileobj == self.ptr();
    current_ = outer_;
    if (hook_ && !UnhookFrames(*hook_)) failed_ = true;
    if (ours) PyEval_SetProfile(previous_, previous_object_.ptr());
    previous_object_ = py::object();
    return ours && !failed_;
  }

  // From now on it is noted apart which code starts that the observer wants to hear the calls of.
  void BeginPart() { parts_.emplace_back(); }

  // What has started since the last BeginPart, whose part ends.
  py::list EndPart() {
    if (parts_.empty()) throw std::logic_error("no part has begun");
    const std::unordered_set<PyObject*> ran = std::move(parts_.back());
    parts_.pop_back();
    if (!parts_.empty()) parts_.back().insert(ran.begin(), ran.end());
    py::list codes;
    for (PyObject* const code : ran) codes.append(py::reinterpret_borrow<py::object>(code));
    return codes;
  }

 private:
  bool ListensAlone(PyThreadState* thread) const {
    if (thread->c_tracefunc != nullptr) return false;
    return outer_ != nullptr ? outer_->hook_.has_value() : previous_ == nullptr;
  }

  // Events for the frames of code that a recording of this thread wants to hear of; see HookFrames.
  static Events Wanted(PyThreadState* thread, PyCodeObject* code) {
    if (current_ == nullptr || !current_->hook_ || thread->tracing != 0 || thread->c_profilefunc != &Profile::Event ||
        thread->c_tracefunc != nullptr) {
      return Events::kAsEver;
    }
    for (Profile* each = current_; each != nullptr; each = each->outer_) {
      if (each->InterestIn(reinterpret_cast<PyObject*>(code)) != Interest::kNone) return Events::kAll;
    }
    return Events::kNone;
  }

  Interest InterestIn(PyObject* code) const {
    const auto known = interest_.find(code);
    return known == interest_.end() ? Interest::kStarts : known->second;
  }

  // Called some hundred thousand times in a trace: nothing here may allocate but on the paths that report.
  static int Event(PyObject*, PyFrameObject* frame, int what, PyObject* argument) {
    Profile* const self = current_;
    if (self == nullptr) return 0;
    Profile* last = self;  // recordings within recordings: the outermost knows the profiler that is not ours
    while (last->outer_ != nullptr) last = last->outer_;
    if (last->previous_ != nullptr && last->previous_(last->previous_object_.ptr(), frame, what, argument) != 0) {
      return -1;
    }
    if (what != PyTrace_CALL && what != PyTrace_C_CALL) return 0;
    for (Profile* each = self; each != nullptr; each = each->outer_) {
      if (!each->Handle(frame, what, argument)) return -1;
    }
    return 0;
  }

  // False, with an error set: a handler of signals has raised it, or it is one that nobody may catch.
  bool Handle(PyFrameObject* frame, int what, PyObject* argument) {
    PyObject* const code = reinterpret_cast<PyObject*>(PyFrame_GetCode(frame));
    const Interest interest = InterestIn(code);
    bool goes_on = true;
    try {
      if (what == PyTrace_CALL) {
        if (interest == Interest::kStarts) Started(py::reinterpret_borrow<py::object>(code), frame);
        if (!parts_.empty() && IsWatched(InterestIn(code))) parts_.back().insert(code);
      } else if (interest == Interest::kAllCalls || (interest == Interest::kNewCalls && IsNew(argument))) {
        on_call_(py::reinterpret_borrow<py::object>(argument));
      }
    } catch (py::error_already_set& error) {
      failed_ = true;  // the recording is worthless, and the user's call goes on
      if (error.trace()) PyException_SetTraceback(error.value().ptr(), error.trace().ptr());
      goes_on = error.matches(PyExc_Exception) && IsOurs(error.value());
      if (!goes_on) error.restore();
    }
    Py_DECREF(code);
    return goes_on;
  }

  bool IsOurs(const py::object& error) {
    try {
      pass_on_(error);
    } catch (py::error_already_set& raised) {
      return !raised.value().is(error);
    }
    return true;
  }

  static bool IsWatched(Interest interest) {
    return interest == Interest::kNewCalls || interest == Interest::kAllCalls;
  }

  // A C function by its definition: methods are bound anew for each call.
  bool IsNew(PyObject* function) {
    if (!PyCFunction_Check(function)) return true;
    return called_.insert(reinterpret_cast<PyCFunctionObject*>(function)->m_ml).second;
  }

  void Started(const py::object& code, PyFrameObject* frame) {
    const py::object answer = on_code_(code, py::reinterpret_borrow<py::object>(reinterpret_cast<PyObject*>(frame)));
    // The answer may change: what starts inside a pure function first may start outside of it later.
    if (interest_.find(code.ptr()) == interest_.end()) alive_.push_back(code);
    interest_[code.ptr()] = static_cast<Interest>(answer.cast<int>());
  }

  py::function on_code_;
  py::function on_call_;
  py::function pass_on_;
  std::unordered_map<PyObject*, Interest> interest_;
  std::vector<py::object> alive_;                     // the keys of interest_ stay valid
  std::vector<std::unordered_set<PyObject*>> parts_;  // what ran in the parts that are under way
  std::unordered_set<const PyMethodDef*> called_;
  static thread_local Profile* current_;
  Profile* outer_ = nullptr;
  Py_tracefunc previous_ = nullptr;
  py::object previous_object_;
  std::optional<int> hook_;  // the number of it; nothing while all frames have events
  bool failed_ = false;
};

thread_local Profile* Profile::current_ = nullptr;

void BindProfile(py::module_& module) {
  py::class_<Profile>(module, "Profile", "Reports what this thread executes: code objects and calls of C functions.")
      .def(py::init<py::function, py::function, py::function>(), py::arg("on_code"), py::arg("on_call"),
           py::arg("pass_on"))
      .def("start", [](py::object self) { self.cast<Profile&>().Start(self); })
      .def("stop", [](py::object self) { return self.cast<Profile&>().Stop(self); })
      .def("begin_part", &Profile::BeginPart)
      .def("end_part", &Profile::EndPart);
}

#else

void BindProfile(py::module_&) {}  // sys.monitoring does it there

#endif  // PY_VERSION_HEX < 0x030C0000

}  // namespace jitserve
