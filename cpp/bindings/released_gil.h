// Lets other threads run Python code while this one does without.
#pragma once

#include <Python.h>
#include <unistd.h>

namespace jitserve {

// As `pybind11::gil_scoped_release`, but where the interpreter has come to its end meanwhile: up to CPython 3.13 that
// ends a thread which asks for the GIL by unwinding its stack, and the process is aborted where a frame must not throw.
// Such a thread waits for the end of the process instead, as CPython has it do from 3.14 on.
//
// REQUIRES: the GIL is held
class ReleasedGil {
 public:
  explicit ReleasedGil(bool release = true) : state_(release ? PyEval_SaveThread() : nullptr) {}
  ~ReleasedGil() noexcept(false) {
    if (state_ == nullptr) return;
    while (IsOver()) ::pause();
    PyEval_RestoreThread(state_);
  }
  ReleasedGil(const ReleasedGil&) = delete;
  ReleasedGil& operator=(const ReleasedGil&) = delete;

 private:
  static bool IsOver() {
#if PY_VERSION_HEX >= 0x030D0000
    return Py_IsFinalizing() != 0;
#else
    return _Py_IsFinalizing() != 0;
#endif
  }

  PyThreadState* state_;
};

}  // namespace jitserve
